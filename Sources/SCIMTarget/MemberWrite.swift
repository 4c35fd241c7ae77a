internal import AccessModel
internal import JSON
internal import SCIMClient

/// What is done to a member, in the order it is sent.
enum MemberForm: Sendable, CaseIterable {
  case removal, addition
}

/// The writing of one group's members, from what was read before to what is read after.
struct MemberWrite: Sendable {
  let target: SCIMTarget
  let key: EntitlementKey
  let groupID: String
  let before: Resource
  let wishes: [MemberWish]
  /// One for each wish; `nil` where there is no such account.
  let members: [AccountKey?]
  let capabilities: Capabilities

  func run() async -> [Outcome] {
    let difference: Difference
    if let visible = visibleDifference() {
      difference = visible
    } else {
      if target.members == nil, await mayHide() { return await runOneFirst() }
      difference = blindDifference(known: await alreadyMembers())
    }
    if difference.isEmpty { return outcomes(ofNothingSent: difference) }
    let sent: Sent
    do throws(SCIMError) {
      sent = try await send(difference.additions, difference.removals)
    } catch {
      sent = Sent(failure: error)
    }
    return await conclude(difference, sent)
  }

  /// Reads the group again and tells by that what became of the wishes.
  func conclude(_ difference: Difference, _ sent: Sent) async -> [Outcome] {
    let (present, additions) = (difference.present, difference.additions)
    guard let group = await readBack() else {
      return zip(wishes, members).map { wish, member in
        if let member, contains(present, member) == wish.isMember { return .alreadyInState() }
        return sent.failure?.outcome
          ?? .unknown(reason: "group '\(key)' was written and could not be read back")
      }
    }
    let after = (GroupMembers(group) ?? .none).ids
    if after.isEmpty, difference.isBlind, sent.failure == nil {
      return await blindOutcomes(sent, additions, difference.removals, difference.known, group)
    }
    if !after.isEmpty { target.knows { $0.learn(.shown) } }
    await nameMembers(additions, new: after.subtracting(present))
    let asked = Set(difference.removals.map { value(of: $0, in: present) })
    let outcomes = outcomes(before: present, after: after, sent, as: group)
    let lost = present.subtracting(after).subtracting(asked)
    guard lost.isEmpty else { return stopped(by: lost, outcomes) }
    if sent.isAsUsual { learnForms(difference, after) }
    return outcomes
  }

  /// What was seen to take effect may go in bulk requests from now on.
  private func learnForms(_ difference: Difference, _ after: Set<AccountKey>) {
    for (form, members) in [
      (MemberForm.removal, difference.removals), (.addition, difference.additions),
    ] where !members.isEmpty {
      guard members.allSatisfy({ contains(after, $0) == (form == .addition) }) else { continue }
      target.inSession { _ = $0.memberForms.insert(form) }
    }
  }

  /// What was sent, and what the service said to it.
  struct Sent {
    var refusals: [AccountKey: SCIMError] = [:]
    var isReplaced = false
    var isPending = false
    var failure: SCIMError?

    /// Whether every member went by PATCH and was taken.
    var isAsUsual: Bool { refusals.isEmpty && !isReplaced && !isPending && failure == nil }
  }

  func unique(_ isWanted: (MemberWish, AccountKey) -> Bool) -> [AccountKey] {
    var seen: Set<AccountKey> = []
    return zip(wishes, members).compactMap { wish, member in
      guard let member, isWanted(wish, member), seen.insert(member).inserted else { return nil }
      return member
    }
  }

  // MARK: Names

  /// What the group calls an account: its id, or on some services its userName.
  private func value(of account: AccountKey, in members: Set<AccountKey>) -> AccountKey {
    if members.contains(account) { return account }
    let name = target.inSession { $0.memberNames[account] }
    return name.flatMap { members.contains($0) ? $0 : nil } ?? account
  }

  func contains(_ members: Set<AccountKey>, _ account: AccountKey) -> Bool {
    members.contains(value(of: account, in: members))
  }

  /// Where new members came under other values than were sent, learns whether those are userNames.
  private func nameMembers(_ additions: [AccountKey], new: Set<AccountKey>) async {
    guard !new.isEmpty else { return }
    for account in additions where !new.contains(account) {
      do throws(SCIMError) {
        let user = try await target.provider.get(.user, id: account.rawValue, capabilities)
        guard let name = user?.text("userName").map({ AccountKey($0) }), new.contains(name) else {
          return
        }
        target.inSession { $0.memberNames[account] = name }
      } catch {
        return
      }
    }
  }

  // MARK: Sending

  private func send(
    _ additions: [AccountKey], _ removals: [AccountKey]
  ) async throws(SCIMError) -> Sent {
    var sent = Sent()
    if capabilities.canPatch {
      do throws(SCIMError) {
        try await inChunks(removals, &sent, .removal)
        try await inChunks(additions, &sent, .addition)
        let isAboutTheForm =
          sent.refusals.count == removals.count + additions.count
          && sent.refusals.values.allSatisfy(\.asksForAnotherForm)
        if !isAboutTheForm { return sent }
      } catch {
        guard await allowsWholeList(after: error) else { throw error }
      }
    }
    let written = try await put(additions, removals)
    return Sent(isReplaced: true, isPending: written.isPending)
  }

  /// A form that the service does not know; or one that it failed at (500) and that, as reading
  /// shows, changed nothing: some cannot take out the last member in any other way.
  private func allowsWholeList(after error: SCIMError) async -> Bool {
    if error.asksForAnotherForm { return true }
    guard error.status == 500, target.members == .shown, let group = await readBack() else {
      return false
    }
    return GroupMembers(group)?.ids == GroupMembers(before)?.ids
  }

  func operations(_ form: MemberForm, _ part: [AccountKey]) -> [PatchOperation] {
    if form == .addition { return [.add("members", .array(part.map(element)))] }
    let present = (GroupMembers(before) ?? .none).ids
    let values = part.map { value(of: $0, in: present).rawValue }
    switch target.dialect.memberRemoval {
    case .filter: return values.map { .remove(from: "members", value: $0) }
    case .valueArray: return [.removeValues(from: "members", values)]
    }
  }

  private func element(_ account: AccountKey) -> JSONValue {
    var element: JSONValue = ["value": .string(account.rawValue)]
    if capabilities.membersNeedReference {
      element["$ref"] = .string(
        "\(target.provider.url(.user, account.rawValue, capabilities))")
    }
    return element
  }

  /// A chunk that is refused is halved, until only the members that the service will not have are
  /// left out, or its size is one that the service takes.
  private func inChunks(
    _ ids: [AccountKey], _ sent: inout Sent, _ form: MemberForm
  ) async throws(SCIMError) {
    let size = target.memberChunk
    var pending = stride(from: 0, to: ids.count, by: size).reversed()
      .map { Array(ids[$0..<min(ids.count, $0 + size)]) }
    while let part = pending.popLast() {
      do throws(SCIMError) {
        let written = try await target.provider.patch(
          .group, id: groupID, operations(form, part), capabilities)
        sent.isPending = sent.isPending || written.isPending
      } catch {
        guard [400, 404, 409, 413, 422].contains(error.status) else { throw error }
        let half = part.count / 2
        if error.status == 413, half > 0 { target.knows { $0.learn(chunk: half) } }
        if half == 0 {
          sent.refusals[part[0]] = error
        } else {
          pending += [Array(part[half...]), Array(part[..<half])]
        }
      }
    }
  }

  /// The whole list, for a service that refuses the members one by one: from a fresh reading that
  /// shows every member, so that nobody is lost with it.
  private func put(
    _ additions: [AccountKey], _ removals: [AccountKey]
  ) async throws(SCIMError) -> ServiceProvider.Written {
    try await target.provider.replacing(capabilities) { () async throws(SCIMError) in
      guard target.dialect.wholeLists, target.members != .hidden,
        let group = try await target.provider.get(.group, id: groupID, capabilities),
        let elements = group.body["members"]?.elements ?? (additions.isEmpty ? nil : []),
        GroupMembers(group)?.areAllNamed ?? true
      else {
        throw SCIMError(
          action: "PUT group \(groupID)",
          cause: .answer(
            ErrorAnswer(
              status: 501,
              detail:
                "the service refuses to change single members and does not show all of them, so "
                + "its list is not replaced")))
      }
      let present = (GroupMembers(group) ?? .none).ids
      let gone = Set(removals.map { value(of: $0, in: present) })
      let kept = elements.filter { element in
        GroupMembers.account(element).map { !gone.contains($0) } ?? true
      }
      var body = group.withoutReadOnlyAttributes(nil)
      body["members"] = .array(
        kept + additions.filter { !contains(present, $0) }.map(element))
      return try await target.provider.put(
        .group, id: groupID, body, version: group.version, capabilities)
    }
  }

  // MARK: Reading back

  /// `nil` if it cannot be read.
  func readBack() async -> Resource? {
    do throws(SCIMError) {
      return try await target.provider.get(.group, id: groupID, capabilities)
    } catch {
      return nil
    }
  }

  /// Nothing more is written. What was asked for and is seen is left for the next run to find, so that
  /// this one does not end as if all were well.
  private func stopped(by lost: Set<AccountKey>, _ outcomes: [Outcome]) -> [Outcome] {
    let reason =
      "after writing group '\(key)', \(lost.count) members are gone that nobody asked to remove; "
      + "restore them and see what else writes to this group, and what 'bellhop doctor --scratch' "
      + "says of adding and removing members"
    target.stop(reason)
    return outcomes.map { outcome in
      if case .applied = outcome { .unknown(reason: reason) } else { outcome }
    }
  }

  /// `group` is as it was last read.
  func outcomes(
    before: Set<AccountKey>, after: Set<AccountKey>, _ sent: Sent = Sent(), as group: Resource
  ) -> [Outcome] {
    zip(wishes, members).map { wish, member in
      guard let member else {
        return .failed(.skipChange, reason: "the account was not found by its anchor")
      }
      if contains(after, member) == wish.isMember {
        return contains(before, member) == wish.isMember
          ? .alreadyInState(changedAt: group.changedAt) : .applied(changedAt: group.changedAt)
      }
      if let error = sent.refusals[member] ?? sent.failure { return error.outcomeWithoutEffect }
      if sent.isPending {
        return .unknown(
          reason: "the service accepted the change of '\(key)' and has not made it yet")
      }
      return .failed(
        .skipChange,
        reason:
          "the service answers success and \(wish.isMember ? "does not list" : "still lists")"
          + " the member in '\(key)'")
    }
  }
}
