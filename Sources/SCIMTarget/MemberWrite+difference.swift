internal import AccessModel
internal import SCIMClient

/// What a group lacks of what is wanted.
extension MemberWrite {
  /// What is to be sent, and what was seen before.
  struct Difference: Sendable {
    let present: Set<AccountKey>
    /// Whether the members cannot be seen. They may be there: a removal is sent in any case.
    let isBlind: Bool
    /// Who is there unseen, as far as the service can be asked.
    let known: Set<AccountKey>
    let removals: [AccountKey]
    let additions: [AccountKey]

    var isEmpty: Bool { removals.isEmpty && additions.isEmpty }
  }

  /// `nil` where the service may have members that it does not show.
  func visibleDifference() -> Difference? {
    let present = (GroupMembers(before) ?? .none).ids
    if !present.isEmpty { target.knows { $0.learn(.shown) } }
    guard target.members == .shown || !present.isEmpty else { return nil }
    return difference(from: present, isBlind: false, known: [])
  }

  func blindDifference(known: Set<AccountKey>) -> Difference {
    difference(from: [], isBlind: true, known: known)
  }

  private func difference(
    from present: Set<AccountKey>, isBlind: Bool, known: Set<AccountKey>
  ) -> Difference {
    let mayHold = isBlind || GroupMembers(before) == nil
    return Difference(
      present: present, isBlind: isBlind, known: known,
      removals: unique { !$0.isMember && (mayHold || contains(present, $1)) },
      additions: unique { $0.isMember && !contains(present, $1) && !known.contains($1) })
  }

  func outcomes(ofNothingSent difference: Difference) -> [Outcome] {
    let members = difference.present.union(difference.known)
    return outcomes(before: members, after: members, as: before)
  }
}
