package import AccessModel
internal import SCIMClient

extension SCIMTarget {
  package func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    let capabilities: Capabilities
    do throws(SCIMError) {
      capabilities = try await self.capabilities()
    } catch {
      throw error.targetError(id)
    }
    var outcomes = changes.map { _ in Outcome.failed(.stopTarget, reason: "not sent") }
    var done = 0
    func finish(_ count: Int) {
      guard count > 0 else { return }
      done += count
      progress(Progress(done: done, total: changes.count))
    }
    let inBulk = await applyInBulk(changes, capabilities, finished: finish)
    for (position, outcome) in inBulk { outcomes[position] = outcome }
    func settle(_ unit: WorkUnit, _ results: [Outcome]) {
      for (position, outcome) in zip(unit.positions, results) { outcomes[position] = outcome }
      finish(unit.positions.count)
    }
    let units = WorkUnit.units(of: changes).filter { inBulk[$0.positions[0]] == nil }
    await apply(units.filter { !$0.isOfMembers }, capabilities, settle)
    let left = await applyMembersInBulk(units.filter(\.isOfMembers), capabilities, settle)
    await apply(left, capabilities, settle)
    if outcomes.contains(where: \.isRefusal) { forgetDiscovery() }
    return outcomes
  }

  private func apply(
    _ units: [WorkUnit], _ capabilities: Capabilities, _ settle: (WorkUnit, [Outcome]) -> Void
  ) async {
    _ = await concurrently(units, width: dialect.concurrency) { unit in
      (unit, await self.apply(unit, capabilities))
    } finished: { (unit, results) in
      settle(unit, results)
    }
  }

  /// One outcome for each change of the unit. A failure that concerns the whole service ends the
  /// run.
  func apply(_ unit: WorkUnit, _ capabilities: Capabilities) async -> [Outcome] {
    if let stopReason {
      return unit.positions.map { _ in
        .failed(.stopTarget, reason: "not sent, since the target was stopped: \(stopReason)")
      }
    }
    let outcomes: [Outcome]
    switch unit.work {
    case .account(let change): outcomes = [await applyToAccount(change, capabilities)]
    case .group(let key): outcomes = [await createGroup(key, capabilities)]
    case .members(let key, let wishes):
      outcomes = await writeMembers(of: key, wishes, capabilities)
    }
    stopIfAsked(outcomes)
    return outcomes
  }

  func stopIfAsked(_ outcomes: [Outcome]) {
    for case .failed(.stopTarget, let reason) in outcomes { stop(reason) }
  }

  private func applyToAccount(_ change: Change, _ capabilities: Capabilities) async -> Outcome {
    do throws(SCIMError) {
      switch change {
      case .createAccount(let account, let attributes, _):
        return try await createAccount(account, attributes, capabilities)
      case .updateAccount(let account, let attributes, _):
        return try await updateAccount(account, attributes, capabilities)
      case .enableAccount(let account, let rule, let attributes, _):
        return try await setActive(true, account, rule, attributes, capabilities)
      case .disableAccount(let account, let rule, _):
        return try await setActive(false, account, rule, [], capabilities)
      case .deleteAccount(let account, _):
        return try await deleteAccount(account, capabilities)
      case .createGroup, .addMember, .removeMember:
        preconditionFailure("a change of a group among those of accounts")
      }
    } catch {
      return error.outcome
    }
  }
}

extension Outcome {
  fileprivate var isRefusal: Bool {
    if case .refused = self { true } else { false }
  }
}

/// Changes of one resource, which are written together and never beside each other.
struct WorkUnit: Sendable {
  enum Work: Sendable {
    case account(Change)
    case group(EntitlementKey)
    case members(EntitlementKey, [MemberWish])
  }

  let work: Work
  /// Of its changes in the batch.
  let positions: [Int]

  var isOfMembers: Bool { !memberWishes.isEmpty }

  var memberWishes: [MemberWish] {
    if case .members(_, let wishes) = work { wishes } else { [] }
  }

  /// In the order of their first changes.
  static func units(of changes: [Change]) -> [WorkUnit] {
    var order: [EntitlementKey] = []
    var wishes: [EntitlementKey: [(position: Int, wish: MemberWish)]] = [:]
    var units: [WorkUnit] = []
    for (position, change) in changes.enumerated() {
      switch change {
      case .createAccount, .updateAccount, .enableAccount, .disableAccount, .deleteAccount:
        units.append(WorkUnit(work: .account(change), positions: [position]))
      case .createGroup(let key, _):
        units.append(WorkUnit(work: .group(key), positions: [position]))
      case .addMember(let membership, _):
        if wishes[membership.group] == nil { order.append(membership.group) }
        wishes[membership.group, default: []]
          .append((position, MemberWish(membership, isMember: true)))
      case .removeMember(let membership, _):
        if wishes[membership.group] == nil { order.append(membership.group) }
        wishes[membership.group, default: []]
          .append((position, MemberWish(membership, isMember: false)))
      }
    }
    return units
      + order.map { key in
        let entries = wishes[key, default: []]
        return WorkUnit(
          work: .members(key, entries.map(\.wish)), positions: entries.map(\.position))
      }
  }
}

/// Who should be a member of a group, or should not.
struct MemberWish: Sendable {
  let membership: Membership
  let isMember: Bool

  init(_ membership: Membership, isMember: Bool) {
    self.membership = membership
    self.isMember = isMember
  }
}
