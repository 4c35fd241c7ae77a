internal import AccessModel
internal import SCIMClient

/// One change that can go in a bulk request.
struct BulkWrite: Sendable {
  enum Wish: Sendable {
    case user(NewUser)
    case group(EntitlementKey)
    case attributes(AccountIdentity, [AttributeWrite])
  }

  /// Of its change in the batch.
  let position: Int
  let wish: Wish
  let operation: BulkOperation
  /// What it would cost sent by itself.
  let usualRequests: Int
}

/// Many changes in few requests (RFC 7644 §3.7), where the service offers it and requests are saved.
///
/// What a bulk request does not settle goes the usual way afterwards, which looks before it writes.
/// What a lost one may have done is settled by reading, and is not sent again in this run.
extension SCIMTarget {
  /// Gives outcomes by position; what ends access first.
  func applyInBulk(
    _ changes: [Change], _ capabilities: Capabilities, finished: (Int) -> Void
  ) async -> [Int: Outcome] {
    guard capabilities.bulk != nil else { return [:] }
    let writes = changes.indices.compactMap { bulkWrite(changes[$0], at: $0, capabilities) }
    var settled: [Int: Outcome] = [:]
    for family in [writes.filter(\.isOfAttributes), writes.filter { !$0.isOfAttributes }] {
      let outcomes = await send(family, capabilities)
      settled.merge(outcomes) { $1 }
      finished(outcomes.count)
    }
    return settled
  }

  private func bulkWrite(
    _ change: Change, at position: Int, _ capabilities: Capabilities
  ) -> BulkWrite? {
    switch change {
    case .createAccount(let account, let attributes, _):
      guard case .success(let user) = newUser(account, attributes, capabilities),
        isNew(user)
      else { return nil }
      return BulkWrite(
        position: position, wish: .user(user),
        operation: .create(.user, user.body(for: capabilities.userSchema)), usualRequests: 1)
    case .createGroup(let key, _):
      guard configuration.createGroups, !configuration.isProtected(key.rawValue),
        inSession({ $0.missingGroups.contains(key) })
      else { return nil }
      return BulkWrite(
        position: position, wish: .group(key), operation: .create(.group, newGroup(key)),
        usualRequests: 1)
    case .updateAccount(let account, let attributes, _):
      return bulkWrite(account, attributes, [], at: position, capabilities)
    case .disableAccount(let account, .deactivate, _):
      return bulkWrite(account, [], [.active(false)], at: position, capabilities)
    case .enableAccount(let account, .deactivate, let attributes, _):
      let others = attributes.filter { $0.name != AttributeWrite.activeName }
      return bulkWrite(account, others, [.active(true)], at: position, capabilities)
    case .disableAccount, .enableAccount, .deleteAccount, .addMember, .removeMember: return nil
    }
  }

  /// Where accounts are protected, each is looked at by itself before it is written.
  private func bulkWrite(
    _ account: AccountReference, _ changes: [AttributeChange], _ more: [AttributeWrite],
    at position: Int, _ capabilities: Capabilities
  ) -> BulkWrite? {
    guard configuration.protected.isEmpty, let identity = account.identity,
      case .success(let parsed) = AttributeWrite.parse(changes, for: capabilities.userSchema)
    else { return nil }
    let writes = parsed + more
    guard !writes.isEmpty, firstWay(writes, capabilities) == .paths else { return nil }
    return BulkWrite(
      position: position, wish: .attributes(identity, writes),
      operation: .patch(.user, id: identity.immutableID, writes.map(\.operation)),
      usualRequests: more.isEmpty ? 1 : 2)
  }

  private func send(
    _ writes: [BulkWrite], _ capabilities: Capabilities
  ) async -> [Int: Outcome] {
    guard let limits = capabilities.bulk else { return [:] }
    let requests = provider.bulkRequests(
      of: writes.map(\.operation), most: Self.mostInBulk, limits, capabilities
    ).map { Array(writes[$0]) }
    let readings = writes.count(where: \.isOfAttributes)
    let cost = requests.count + min(readings, userPages(capabilities))
    // A new user is looked at in each request.
    let samples = readings == writes.count ? 0 : requests.count
    guard cost + samples < writes.reduce(0, { $0 + $1.usualRequests }) else { return [:] }
    let settled = await concurrently(requests, width: dialect.concurrency) { request in
      await self.sendOne(request, capabilities)
    }
    return settled.reduce(into: [:]) { all, one in all.merge(one) { $1 } }
  }

  private func sendOne(
    _ writes: [BulkWrite], _ capabilities: Capabilities
  ) async -> [Int: Outcome] {
    guard writes.count > 1, takesBulk else { return [:] }
    inSession { session in
      for write in writes { write.noteTried(&session) }
    }
    var settled: [Int: Outcome] = [:]
    var answered: [(BulkWrite, BulkResult?)] = []
    var lost: [BulkWrite] = []
    var loss: SCIMError?
    for (write, fate) in zip(writes, await sendInBulk(writes.map(\.operation), capabilities)) {
      switch fate {
      case .answered(let result): answered.append((write, result))
      case .lost(let error):
        lost.append(write)
        loss = error
      case .failed(let error): settled[write.position] = error.outcome
      case .notSent: break
      }
    }
    settled.merge(await settle(answered, capabilities)) { $1 }
    if let loss { settled.merge(await settleByReading(lost, loss, capabilities)) { $1 } }
    return settled
  }

  // MARK: Answers

  private func settle(
    _ answered: [(BulkWrite, BulkResult?)], _ capabilities: Capabilities
  ) async -> [Int: Outcome] {
    var settled: [Int: Outcome] = [:]
    var claims: [BulkWrite] = []
    var pending: [BulkWrite] = []
    for (write, result) in answered {
      guard let result, result.isSuccess else { continue }
      guard result.status != 202 else {
        pending.append(write)
        continue
      }
      switch (write.wish, result.id) {
      case (.attributes, _): claims.append(write)
      case (.user(let user), let id?):
        let isFirst = !settled.values.contains { $0.identity != nil }
        inSession { $0.created.insert(id) }
        if isFirst { await settle(user, as: await seen(id, capabilities), id: id, capabilities) }
        settled[write.position] = .applied(identity: AccountIdentity(id: id))
      case (.group, let id?):
        inSession { $0.created.insert(id) }
        settled[write.position] = .applied(groupID: id)
      case (.user, nil), (.group, nil): break
      }
    }
    for (position, outcome) in await confirm(claims, capabilities) { settled[position] = outcome }
    if !pending.isEmpty {
      let accepted = SCIMError(action: "POST /Bulk", cause: .malformed("202, not done yet"))
      settled.merge(await settleByReading(pending, accepted, capabilities)) { $1 }
    }
    return settled
  }

  /// Of the changes of attributes that the service says it made, those that are seen.
  private func confirm(
    _ writes: [BulkWrite], _ capabilities: Capabilities
  ) async -> [Int: Outcome] {
    if writes.isEmpty { return [:] }
    let ids = Set(writes.compactMap(\.userID))
    var users: [String: Resource] = [:]
    if ids.count <= userPages(capabilities) {
      let found = await concurrently(ids.sorted(), width: dialect.concurrency) { id in
        await self.seen(id, capabilities)
      }
      for case let user? in found { users[user.id] = user }
    } else {
      do throws(SCIMError) {
        _ = try await provider.list(.user, capabilities) { user in
          if ids.contains(user.id) { users[user.id] = user }
        }
      } catch {
        return [:]
      }
    }
    return writes.reduce(into: [:]) { $0[$1.position] = outcome($1, in: users) }
  }

  /// `nil` if it is not seen.
  private func outcome(_ write: BulkWrite, in users: [String: Resource]) -> Outcome? {
    guard case .attributes(let identity, let writes) = write.wish,
      let user = users[identity.immutableID], writes.allSatisfy({ $0.isDone(in: user) })
    else { return nil }
    for write in writes { remember(write.kept(in: user), write, user.id) }
    return .applied(identity: identity)
  }

  private func seen(_ id: String, _ capabilities: Capabilities) async -> Resource? {
    do throws(SCIMError) {
      return try await provider.get(.user, id: id, capabilities)
    } catch {
      return nil
    }
  }

  // MARK: Lost answers

  /// What is there is ours: it was missing when this run read everything, and carries our anchor or
  /// the name of a group that was asked for. What is not there may still come.
  private func settleByReading(
    _ writes: [BulkWrite], _ error: SCIMError, _ capabilities: Capabilities
  ) async -> [Int: Outcome] {
    var users: [String: Resource] = [:]
    var anchored: [SubjectID: [Resource]] = [:]
    var groups: [EntitlementKey: [Resource]] = [:]
    do throws(SCIMError) {
      if writes.contains(where: { !$0.isOfGroup }) {
        _ = try await provider.list(.user, capabilities) { user in
          users[user.id] = user
          if let anchor = user.text("externalId") {
            anchored[SubjectID(anchor), default: []].append(user)
          }
        }
      }
      if writes.contains(where: \.isOfGroup) {
        _ = try await provider.list(.group, excluding: "members", capabilities) { group in
          if let name = group.text("displayName") {
            groups[EntitlementKey(name), default: []].append(group)
          }
        }
      }
    } catch let failure {
      let reason = "\(error); reading it failed too: \(failure)"
      return writes.reduce(into: [:]) { $0[$1.position] = .unknown(reason: reason) }
    }
    return writes.reduce(into: [:]) { settled, write in
      let found: Outcome? =
        switch write.wish {
        case .attributes: outcome(write, in: users)
        case .user(let user):
          anchored[user.subject].flatMap { $0.count == 1 ? $0[0] : nil }
            .map { .applied(identity: AccountIdentity(id: $0.id)) }
        case .group(let key):
          groups[key].flatMap { $0.count == 1 ? $0[0] : nil }.map { .applied(groupID: $0.id) }
        }
      settled[write.position] = found ?? .unknown(reason: "\(error)")
    }
  }

  /// Requests that one reading of every user takes.
  private func userPages(_ capabilities: Capabilities) -> Int {
    inSession { $0.userCount }.map { $0 / capabilities.pageSize + 1 } ?? .max
  }
}

extension BulkWrite {
  fileprivate var isOfAttributes: Bool { userID != nil }

  fileprivate var isOfGroup: Bool {
    if case .group = wish { true } else { false }
  }

  fileprivate var userID: String? {
    if case .attributes(let identity, _) = wish { identity.immutableID } else { nil }
  }

  /// From now on the usual way searches before it creates.
  fileprivate func noteTried(_ session: inout SCIMTarget.Session) {
    switch wish {
    case .user(let user): session.triedSubjects.insert(user.subject)
    case .group(let key): session.missingGroups.remove(key)
    case .attributes: break
    }
  }
}
