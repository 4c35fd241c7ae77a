internal import AccessModel
internal import SCIMClient

/// Services that show no members, or may show none.
extension MemberWrite {
  /// Whether someone who is added may have been a member all along, unseen, and can be asked for.
  func mayHide() async -> Bool {
    let additions = unique { wish, _ in wish.isMember }
    guard additions.count > 1, let first = additions.first,
      !target.inSession({ $0.created.contains(groupID) })
    else { return false }
    return await target.isMember(first, of: groupID, capabilities) != nil
  }

  /// What it reads after one member was added tells whether the service shows members: then nobody
  /// was there. If not, each of the others is asked for before it is added.
  func runOneFirst() async -> [Outcome] {
    let first = wishes.indices.first { wishes[$0].isMember && members[$0] != nil }
    let (early, late) = (
      wishes.indices.filter { !wishes[$0].isMember || $0 == first },
      wishes.indices.filter { wishes[$0].isMember && $0 != first }
    )
    var outcomes: [Int: Outcome] = [:]
    for positions in [early, late] {
      guard target.stopReason == nil, let group = await readBack() else {
        for position in positions {
          outcomes[position] = .failed(
            .skipChange, reason: "group '\(key)' could not be read again")
        }
        continue
      }
      let part = MemberWrite(
        target: target, key: key, groupID: groupID, before: group,
        wishes: positions.map { wishes[$0] }, members: positions.map { members[$0] },
        capabilities: capabilities)
      for (position, outcome) in zip(positions, await part.run()) {
        outcomes[position] = outcome
      }
    }
    return wishes.indices.compactMap { outcomes[$0] }
  }

  /// Who is a member already, as far as the service can be asked: it was there before us. An account
  /// that this run has made is in no group.
  func alreadyMembers() async -> Set<AccountKey> {
    var found: Set<AccountKey> = []
    let created = target.inSession { $0.created }
    if created.contains(groupID) { return [] }
    for account in unique({ wish, _ in wish.isMember }) where !created.contains(account.rawValue) {
      switch await target.isMember(account, of: groupID, capabilities) {
      case true?:
        found.insert(account)
        target.knows { $0.learn(.hidden) }
      case false?: break
      case nil: return found
      }
    }
    return found
  }

  /// One member of each kind is asked for, if the service can be asked; otherwise its word counts.
  func blindOutcomes(
    _ sent: Sent, _ additions: [AccountKey], _ removals: [AccountKey], _ known: Set<AccountKey>,
    _ after: Resource
  ) async -> [Outcome] {
    if sent.isReplaced, !additions.isEmpty {
      target.stop(
        "group '\(key)' was written whole, as the service asks, and shows no members "
          + "afterwards: it hides them, so whole lists cannot be written safely")
      return outcomes(before: [], after: [], sent, as: after)
    }
    var answers: [Bool] = []
    for (sample, isMember) in [(additions.first, true), (removals.first, false)] {
      guard let sample, sent.refusals[sample] == nil,
        let found = await target.isMember(sample, of: groupID, capabilities)
      else { continue }
      answers.append(found == isMember)
      if found, isMember { target.knows { $0.learn(.hidden) } }
    }
    let isUnchanged =
      capabilities.hasVersions && before.version != nil
      && before.version == after.version
    if answers.contains(false) || (answers.isEmpty && isUnchanged) {
      return outcomes(
        before: [], after: target.members == .hidden ? Set(removals) : [], sent, as: after)
    }
    let done = known.union(additions.filter { sent.refusals[$0] == nil })
      .union(removals.filter { sent.refusals[$0] != nil })
    return outcomes(before: known.union(removals), after: done, sent, as: after)
  }
}
