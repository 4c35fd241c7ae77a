internal import AccessModel
internal import SCIMClient

/// The writing of one group's members, from what was read before to what is read after.
struct MemberWrite {
  let target: SCIMTarget
  let key: EntitlementKey
  let groupID: String
  let before: Resource
  let wishes: [MemberWish]
  /// One for each wish; `nil` where there is no such account.
  let members: [AccountKey?]
  let capabilities: Capabilities

  func run() async throws(SCIMError) -> [Outcome] {
    let shown = GroupMembers(before)
    let present = (shown ?? .none).ids
    // A service that shows no members may still have them: there a removal is sent in any case.
    let removals = unique { !$0.isMember && (shown == nil || present.contains($1)) }
    let additions = unique { $0.isMember && !present.contains($1) }
    if removals.isEmpty, additions.isEmpty {
      return outcomes(before: present, after: present)
    }
    var failure: SCIMError?
    var refusals: [AccountKey: SCIMError] = [:]
    var isReplaced = false
    do throws(SCIMError) {
      (refusals, isReplaced) = try await send(additions, removals)
    } catch {
      failure = error
    }
    guard let after = await readBack() else {
      return zip(wishes, members).map { wish, member in
        if let member, present.contains(member) == wish.isMember { return .alreadyInState() }
        return failure?.outcome
          ?? .unknown(reason: "group '\(key)' was written and could not be read back")
      }
    }
    stopIfMoreIsGone(present.subtracting(after).subtracting(removals))
    if isReplaced, shown == nil, after.isEmpty, !additions.isEmpty {
      target.stop(
        "group '\(key)' was written whole, as the service asks, and shows no members "
          + "afterwards: it hides them, so whole lists cannot be written safely")
    }
    return outcomes(before: present, after: after, refusals, failure)
  }

  private func unique(_ isWanted: (MemberWish, AccountKey) -> Bool) -> [AccountKey] {
    var seen: Set<AccountKey> = []
    return zip(wishes, members).compactMap { wish, member in
      guard let member, isWanted(wish, member), seen.insert(member).inserted else { return nil }
      return member
    }
  }

  /// Gives what the service said of each member that it did not take, and whether the whole list was
  /// written.
  private func send(
    _ additions: [AccountKey], _ removals: [AccountKey]
  ) async throws(SCIMError) -> (refusals: [AccountKey: SCIMError], isReplaced: Bool) {
    if capabilities.canPatch {
      do throws(SCIMError) {
        let kept = try await inChunks(removals) { part in
          part.map { .remove(from: "members", value: $0.rawValue) }
        }
        let missing = try await inChunks(additions) { part in
          [.add("members", .array(part.map { ["value": .string($0.rawValue)] }))]
        }
        let refusals = kept.merging(missing) { first, _ in first }
        let isAboutTheForm =
          refusals.count == removals.count + additions.count
          && refusals.values.allSatisfy(\.asksForAnotherWay)
        if !isAboutTheForm { return (refusals, false) }
      } catch {
        guard error.asksForAnotherWay else { throw error }
      }
    }
    try await put(additions, removals)
    return ([:], true)
  }

  /// A chunk that is refused is halved, until only the members that the service will not have are
  /// left out, or its size is one that the service takes.
  private func inChunks(
    _ ids: [AccountKey], _ operations: ([AccountKey]) -> [PatchOperation]
  ) async throws(SCIMError) -> [AccountKey: SCIMError] {
    let size = target.configuration.chunk
    var pending = stride(from: 0, to: ids.count, by: size).reversed()
      .map { Array(ids[$0..<min(ids.count, $0 + size)]) }
    var refusals: [AccountKey: SCIMError] = [:]
    while let part = pending.popLast() {
      do throws(SCIMError) {
        _ = try await target.provider.patch(
          .group, id: groupID, operations(part), capabilities)
      } catch {
        guard [400, 404, 409, 413, 422].contains(error.status) else { throw error }
        let half = part.count / 2
        if half == 0 {
          refusals[part[0]] = error
        } else {
          pending += [Array(part[half...]), Array(part[..<half])]
        }
      }
    }
    return refusals
  }

  /// The whole list, for a service that refuses the members one by one: from a fresh reading that
  /// shows every member, so that nobody is lost with it.
  private func put(
    _ additions: [AccountKey], _ removals: [AccountKey]
  ) async throws(SCIMError) {
    let action = "PUT group \(groupID)"
    guard let group = try await target.provider.get(.group, id: groupID, capabilities),
      let elements = group.body["members"]?.elements ?? (additions.isEmpty ? nil : []),
      GroupMembers(group)?.areAllNamed ?? true
    else {
      throw SCIMError(
        action: action,
        cause: .answer(
          ErrorAnswer(
            status: 501,
            detail:
              "the service refuses to change single members and does not show all of them, so "
              + "its list is not replaced")))
    }
    let gone = Set(removals)
    let kept = elements.filter { element in
      guard let value = element["value"]?.text ?? element.text else { return true }
      return !gone.contains(AccountKey(value))
    }
    let present = (GroupMembers(group) ?? .none).ids
    let added = additions.filter { !present.contains($0) }
      .map { JSONValue.object(["value": .string($0.rawValue)]) }
    var body = group.withoutReadOnlyAttributes
    body["members"] = .array(kept + added)
    try await target.provider.put(
      .group, id: groupID, body, version: group.version, capabilities)
  }

  /// `nil` if it cannot be read.
  private func readBack() async -> Set<AccountKey>? {
    do throws(SCIMError) {
      guard let group = try await target.provider.get(.group, id: groupID, capabilities) else {
        return nil
      }
      return (GroupMembers(group) ?? .none).ids
    } catch {
      return nil
    }
  }

  private func stopIfMoreIsGone(_ lost: Set<AccountKey>) {
    guard !lost.isEmpty else { return }
    target.stop(
      "after writing group '\(key)', \(lost.count) members are gone that nobody asked to remove; "
        + "restore them and see what else writes to this group")
  }

  private func outcomes(
    before: Set<AccountKey>, after: Set<AccountKey>, _ refusals: [AccountKey: SCIMError] = [:],
    _ failure: SCIMError? = nil
  ) -> [Outcome] {
    zip(wishes, members).map { wish, member in
      guard let member else {
        return .failed(.skipChange, reason: "the account was not found by its anchor")
      }
      if after.contains(member) == wish.isMember {
        return before.contains(member) == wish.isMember ? .alreadyInState() : .applied()
      }
      return (refusals[member] ?? failure)?.outcomeWithoutEffect
        ?? .failed(
          .skipChange,
          reason:
            "the service answers success and \(wish.isMember ? "does not list" : "still lists")"
            + " the member in '\(key)'")
    }
  }
}
