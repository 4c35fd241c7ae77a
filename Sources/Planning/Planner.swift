package import AccessModel

// The planner in one paragraph. Subjects are first correlated with the accounts that were read. Then
// every account that should exist is created, corrected or enabled, and every account of ours that
// no live assignment needs is disabled and later deleted. Then three sets of memberships are laid
// over one frame, (group in scope, holder): what should be, what is, and what the ledger says is
// ours. What should be and is not is added; what is and should not be goes if it is ours and its
// last justification is over; the rest is left alone and told. Whatever an input leaves in doubt is
// held. Nothing here reads a clock, a file or a network.

/// Plans one target: the changes that turn `actual` into `desired`, what is held, what was noticed.
///
/// | should be | is  | ledger       | plan                                                        |
/// |-----------|-----|--------------|-------------------------------------------------------------|
/// | yes       | yes | ours         | nothing                                                     |
/// | yes       | yes | –            | nothing; recorded pre-existing, or ours where told to adopt |
/// | yes       | no  | –            | + member                                                    |
/// | yes       | no  | ours         | + member, and reported as drift                             |
/// | no        | yes | ours         | − member with its ending, or held                           |
/// | no        | yes | pre-existing | nothing, reported                                           |
/// | no        | yes | –            | nothing, reported foreign; − member in an exclusive group   |
/// | any       | yes | ended        | as ours where the target went back in time, else as –       |
/// | no        | no  | ours         | recorded gone                                               |
package func plan(_ input: PlanInput) -> Plan {
  let returned = Returned(input)
  var planner = Planner(returned.restored(in: input), returned)
  planner.planAccounts()
  planner.planMemberships()
  planner.planDepartures()
  planner.takeOverAccounts()
  planner.findings += returned.findings(surplus: planner.leftAlone, book: input.book)
  planner.findings += input.actual.notices.map { .notice($0) }
  return planner.result
}

/// All that a plan is made from.
package struct PlanInput: Sendable {
  package let desired: DesiredState
  package let actual: ActualState
  package let owned: Ownership
  package let scope: ManagedScope
  package let book: AssignmentBook
  package let traits: TargetTraits
  /// Memberships found present when first desired become ours, for every group of the target.
  package let adopt: Bool
  /// After a lost ledger: what carries our anchor becomes ours, whether or not it is desired.
  package let takesOver: Bool
  package let now: Instant

  /// `actual` must have been read with `scope`, which `ManagedScope(desired:owned:)` gives.
  package init(
    desired: DesiredState, actual: ActualState, owned: Ownership, scope: ManagedScope,
    book: AssignmentBook, traits: TargetTraits, takesOver: Bool = false, now: Instant
  ) {
    precondition(actual.groups.count == scope.groups.count, "one group for each of the scope")
    self.desired = desired
    self.actual = actual
    self.owned = owned
    self.scope = scope
    self.book = book
    self.traits = traits
    self.adopt = takesOver || traits.adoptsExisting
    self.takesOver = takesOver
    self.now = now
  }

  func with(owned: Ownership) -> PlanInput {
    PlanInput(
      desired: desired, actual: actual, owned: owned, scope: scope, book: book, traits: traits,
      takesOver: takesOver, now: now)
  }
}

/// The work in progress on one plan.
struct Planner {
  /// What became of a desired account's correlation.
  enum Link: Equatable {
    case account(Int)
    /// Created by this plan.
    case pending
    case held
  }

  let input: PlanInput
  let correlator: Correlator
  /// One for each desired account.
  var links: [Link] = []
  var changes: [Change] = []
  var holds: [Hold] = []
  var findings: [Finding] = []
  var notes: [OwnershipNote] = []
  /// Whose accounts and memberships are taken over, with the assignments that may justify them.
  let takeover: [SubjectID: [AssignmentReference]]
  /// Accounts as read that are or may be those of subjects who are held.
  var disputed: Set<Int> = []
  /// Subjects some of whose memberships a hold keeps: their accounts stay as well.
  var keptSubjects: Set<SubjectID> = []
  /// Subjects whose accounts are gone while groups still list them: the ledger keeps their names.
  var danglingSubjects: Set<SubjectID> = []
  /// Memberships that are neither desired nor ours and stay.
  var leftAlone: [MembershipIndex] = []
  /// The groups of the scope that are mapped or hold something of ours. The others are looked at only
  /// because something of ours ended in them.
  let managedGroups: Set<EntitlementKey>

  let desiredPositions: [SubjectID: Int]

  init(_ input: PlanInput, _ returned: Returned) {
    self.input = input
    notes = returned.notes
    managedGroups = Set(input.desired.groups.map(\.key)).union(input.owned.groupKeys)
    takeover = Self.assignmentsToTakeOver(input)
    let sought = input.desired.accounts.map {
      ($0.subject, $0.attributes[input.traits.naturalKeyAttribute].first)
    }
    correlator = Correlator(
      input.actual, sought: Dictionary(sought, uniquingKeysWith: { first, _ in first }),
      owned: input.owned.accounts, rule: input.desired.accountRule?.correlation ?? .anchor)
    desiredPositions = Dictionary(
      input.desired.accounts.enumerated().map { ($1.subject, $0) },
      uniquingKeysWith: { first, _ in first })
    for (subject, reason) in input.desired.holds {
      holds.append(Hold(subject: subject, reason: reason))
    }
  }

  /// Whether an input about the subject is in doubt, so that only what ends for itself may go.
  func isHeld(_ subject: SubjectID) -> Bool {
    if input.desired.holds[subject] != nil { return true }
    guard let position = desiredPositions[subject] else { return false }
    return links[position] == .held
  }

  func reference(toAccountAt position: Int, subject: SubjectID?) -> AccountReference {
    let account = input.actual.accounts[position]
    let names = account.attributes["displayName"] + account.attributes["cn"]
    return AccountReference(
      subject: subject, displayName: names.first, identity: account.identity)
  }

  var result: Plan {
    var counts = [Int](repeating: 0, count: input.scope.groups.count)
    for membership in input.actual.memberships.sorted { counts[membership.group] += 1 }
    let members = Dictionary(
      zip(input.scope.groups, counts).filter { $1 > 0 && managedGroups.contains($0) },
      uniquingKeysWith: { first, _ in first })
    return Plan(
      target: input.desired.target, changes: changes, holds: holds, findings: findings,
      notes: notes,
      sizes: Plan.Sizes(
        membersOfGroup: members, accounts: input.owned.accounts.count,
        assignmentsOfSource: Dictionary(
          input.book.sources.map { ($0.source, $0.knownBefore) },
          uniquingKeysWith: { first, _ in first }),
        absencesOfSource: Dictionary(
          input.book.sources.map { ($0.source, $0.absences) },
          uniquingKeysWith: { first, _ in first }),
        emptiedSources: Set(input.book.sources.filter(\.isEmptied).map(\.source))),
      naturalKeyAttribute: input.traits.naturalKeyAttribute,
      unrecordedAnchors: unrecordedAnchors)
  }
}
