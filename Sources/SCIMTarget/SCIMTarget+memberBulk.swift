internal import AccessModel
internal import SCIMClient

/// The members of several groups in one request (RFC 7644 §3.7), where the service offers it.
///
/// Each group is read before and after as when it is written alone, and what a bulk request does not
/// settle goes the usual way afterwards. A form of writing is sent so only after this run has seen it
/// take effect on one group alone.
extension SCIMTarget {
  /// Gives back what has to go the usual way.
  func applyMembersInBulk(
    _ units: [WorkUnit], _ capabilities: Capabilities, _ settle: (WorkUnit, [Outcome]) -> Void
  ) async -> [WorkUnit] {
    guard let limits = capabilities.bulk, capabilities.canPatch, takesBulk, units.count > 2 else {
      return units
    }
    var left = units
    for form in MemberForm.allCases where !inSession({ $0.memberForms.contains(form) }) {
      guard let place = left.firstIndex(where: { $0.memberForms.contains(form) }) else { continue }
      let sample = left.remove(at: place)
      settle(sample, await apply(sample, capabilities))
    }
    let seen = inSession { $0.memberForms }
    // More fill a request by themselves.
    let most = min(memberChunk, 100)
    let isFit = { (unit: WorkUnit) in
      unit.memberForms.isSubset(of: seen) && unit.memberWishes.count <= most
    }
    let fit = left.filter(isFit)
    guard fit.count > 1, takesBulk else { return left }
    left.removeAll(where: isFit)

    let readings = await concurrently(fit, width: dialect.concurrency) { unit in
      guard case .members(let key, let wishes) = unit.work else {
        return PreparedMembers.settled([])
      }
      return await self.memberWrite(of: key, wishes, capabilities)
    }
    var writes: [BulkMemberWrite] = []
    for (unit, reading) in zip(fit, readings) {
      switch reading {
      case .settled(let outcomes):
        stopIfAsked(outcomes)
        settle(unit, outcomes)
      case .due(let write):
        if let difference = write.visibleDifference() {
          writes.append(BulkMemberWrite(unit: unit, write: write, difference: difference))
        } else {
          left.append(unit)
        }
      }
    }
    for form in MemberForm.allCases { await send(form, of: &writes, limits, capabilities) }
    _ = await concurrently(writes, width: dialect.concurrency) { write in
      (write.unit, await self.conclude(write, capabilities))
    } finished: { (unit, outcomes) in
      settle(unit, outcomes)
    }
    return left
  }

  /// One operation for each group, so that no two requests change the same one at once.
  private func send(
    _ form: MemberForm, of writes: inout [BulkMemberWrite], _ limits: Capabilities.BulkLimits,
    _ capabilities: Capabilities
  ) async {
    let due = writes.indices.filter { !writes[$0].members(form).isEmpty }
    let operations = due.map { writes[$0].operation(form) }
    let requests = provider.bulkRequests(
      of: operations, most: Self.mostInBulk, limits, capabilities
    ).map { Array(operations[$0]) }
    let fates = await concurrently(requests, width: dialect.concurrency) { request in
      await self.sendInBulk(request, capabilities)
    }
    for (place, fate) in zip(due, fates.joined()) { writes[place].note(fate) }
  }

  /// What is not done and was not lost is written alone, which reads the group anew.
  private func conclude(
    _ bulk: BulkMemberWrite, _ capabilities: Capabilities
  ) async -> [Outcome] {
    if bulk.difference.isEmpty { return bulk.write.outcomes(ofNothingSent: bulk.difference) }
    guard bulk.wasSent else { return await apply(bulk.unit, capabilities) }
    var outcomes = await bulk.write.conclude(bulk.difference, bulk.sent)
    let open = outcomes.indices.filter { bulk.isOpen && !outcomes[$0].isDone }
    guard !open.isEmpty, bulk.sent.failure == nil, !bulk.sent.isPending else { return outcomes }
    let rest = WorkUnit(
      work: .members(bulk.write.key, open.map { bulk.write.wishes[$0] }),
      positions: open.map { bulk.unit.positions[$0] })
    for (place, outcome) in zip(open, await apply(rest, capabilities)) { outcomes[place] = outcome }
    return outcomes
  }
}

/// One group's change of members among those of other groups.
private struct BulkMemberWrite: Sendable {
  let unit: WorkUnit
  let write: MemberWrite
  let difference: MemberWrite.Difference
  var sent = MemberWrite.Sent()
  var wasSent = false
  /// Whether the service refused something of it, or did not tell.
  var isOpen = false

  func members(_ form: MemberForm) -> [AccountKey] {
    switch form {
    case .removal: difference.removals
    case .addition: difference.additions
    }
  }

  func operation(_ form: MemberForm) -> BulkOperation {
    .patch(.group, id: write.groupID, write.operations(form, members(form)))
  }

  mutating func note(_ fate: BulkFate) {
    switch fate {
    case .answered(let result):
      wasSent = true
      if result?.status == 202 { sent.isPending = true }
      if result?.isSuccess != true { isOpen = true }
    case .lost(let error), .failed(let error):
      wasSent = true
      sent.failure = error
    case .notSent: isOpen = true
    }
  }
}

extension WorkUnit {
  fileprivate var memberForms: Set<MemberForm> {
    Set(memberWishes.map { $0.isMember ? .addition : .removal })
  }
}
