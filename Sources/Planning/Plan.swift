package import AccessModel

/// The sorted changes that turn one target's actual state into its desired state, with what is held
/// and what was noticed. One plan serves the screen, the limits, the journal, the tests and `apply`.
package struct Plan: Equatable, Sendable {
  package let target: TargetID
  /// Sorted; see `Change.<`.
  package var changes: [Change]
  /// Sorted by group, then subject.
  package private(set) var holds: [Hold]
  /// Sorted; see `Finding.<`.
  package private(set) var findings: [Finding]
  /// What the ledger learns when the plan is applied, whether or not anything is changed.
  package let notes: [OwnershipNote]
  package let sizes: Sizes
  /// The attribute that people know the target's accounts by.
  package let naturalKeyAttribute: String
  /// How many accounts carry our anchor without the ledger knowing any of them. More than none on a
  /// ledger that never applied anything means that the ledger was lost.
  package let unrecordedAnchors: Int

  package init(
    target: TargetID, changes: [Change], holds: [Hold] = [], findings: [Finding] = [],
    notes: [OwnershipNote] = [], sizes: Sizes = Sizes(),
    naturalKeyAttribute: String = "", unrecordedAnchors: Int = 0
  ) {
    self.target = target
    self.changes = changes.sorted()
    self.holds = Array(Set(holds)).sorted()
    self.findings = findings.sorted()
    self.notes = notes
    self.sizes = sizes
    self.naturalKeyAttribute = naturalKeyAttribute
    self.unrecordedAnchors = unrecordedAnchors
  }

  /// The plan of one subject or one group alone, for a run on demand.
  package func narrowed(to isWanted: (Change) -> Bool) -> Plan {
    var copy = self
    copy.changes = changes.filter(isWanted)
    return copy
  }

  func telling(holds isTold: (Hold) -> Bool, findings isFound: (Finding) -> Bool) -> Plan {
    var copy = self
    (copy.holds, copy.findings) = (holds.filter(isTold), findings.filter(isFound))
    return copy
  }

  /// What percentages are taken of.
  package struct Sizes: Equatable, Sendable {
    /// Members in each group, as read.
    package let membersOfGroup: [EntitlementKey: Int]
    /// Accounts we look after.
    package let accounts: Int
    /// Assignments each source had before this reading.
    package let assignmentsOfSource: [SourceID: Int]
    /// What the readings of each source lack: a source that loses much is held in every target,
    /// however little of it each of them shows.
    package let absencesOfSource: [SourceID: [SourceBook.Absence]]
    /// Sources that read zero after they had some.
    package let emptiedSources: Set<SourceID>

    package init(
      membersOfGroup: [EntitlementKey: Int] = [:], accounts: Int = 0,
      assignmentsOfSource: [SourceID: Int] = [:],
      absencesOfSource: [SourceID: [SourceBook.Absence]] = [:],
      emptiedSources: Set<SourceID> = []
    ) {
      self.membersOfGroup = membersOfGroup
      self.accounts = accounts
      self.assignmentsOfSource = assignmentsOfSource
      self.absencesOfSource = absencesOfSource
      self.emptiedSources = emptiedSources
    }

    package var members: Int { membersOfGroup.values.reduce(0, +) }
  }
}

/// Something kept as it is because an input about it could not be read or trusted.
package struct Hold: Hashable, Comparable, Sendable, Codable {
  package let group: EntitlementKey?
  package let subject: SubjectID?
  package let reason: String
  /// The source that was not read to its end, where the thing waits for nothing else.
  package let source: SourceID?

  package init(
    group: EntitlementKey? = nil, subject: SubjectID? = nil, reason: String,
    source: SourceID? = nil
  ) {
    self.group = group
    self.subject = subject
    self.reason = reason
    self.source = source
  }

  package static func < (left: Self, right: Self) -> Bool {
    let (leftKey, rightKey) = (
      (left.group ?? "", left.subject ?? ""), (right.group ?? "", right.subject ?? "")
    )
    return leftKey == rightKey ? left.reason < right.reason : leftKey < rightKey
  }
}

/// Something worth telling that changes nothing by itself.
package enum Finding: Equatable, Sendable {
  /// Someone else undid what we had done; a change of the plan repairs it.
  case drift(String, group: EntitlementKey?, subject: SubjectID)
  /// Ours, ended, and there again because the target was put back to an older copy; a change of the
  /// plan ends it once more.
  case returned(String, group: EntitlementKey?, subject: SubjectID)
  /// Ours until it ended, and there again by another hand: left alone.
  case addedAgain(String, group: EntitlementKey, subject: SubjectID)
  /// Members that are neither desired nor ours: left alone. At most ten of `count` are named.
  case foreignMembers(EntitlementKey, count: Int, first: [AccountKey])
  /// Members that were there before us and stay when their assignment ends.
  case preExistingMembers(EntitlementKey, count: Int)
  /// An account we look after whose subject has no live assignment and which we may not disable.
  case orphan(AccountKey, subject: SubjectID, String)
  /// Something about the target itself that limits what can be done there.
  case notice(String)

  private var sortKey: (Int, String, String) {
    switch self {
    case .drift(let what, let group, let subject):
      (0, group?.rawValue ?? "", subject.rawValue + what)
    case .returned(_, let group, let subject): (1, group?.rawValue ?? "", subject.rawValue)
    case .addedAgain(_, let group, let subject): (2, group.rawValue, subject.rawValue)
    case .foreignMembers(let group, _, _): (3, group.rawValue, "")
    case .preExistingMembers(let group, _): (4, group.rawValue, "")
    case .orphan(let account, _, _): (5, account.rawValue, "")
    case .notice(let what): (6, what, "")
    }
  }
}

extension Finding: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.sortKey < right.sortKey }
}
