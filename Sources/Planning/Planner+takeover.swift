import AccessModel

// A ledger that is lost, or an older copy that was restored, shows itself by accounts that carry our
// anchor and that it does not know. Nothing is written then, until someone says that they are to be
// taken over. What is desired is recorded by the ordinary plan; this is for the rest, so that access
// which ended meanwhile is found by the next run instead of staying for ever as foreign.

extension Planner {
  /// Accounts that carry a subject's anchor and that the ledger should know but does not: those that
  /// are desired; and where it knows no account at all, those of any subject in a reading.
  var unrecordedAnchors: Int {
    // Without an accounts rule the anchors are somebody else's work.
    guard input.desired.accountRule != nil else { return 0 }
    if input.owned.accounts.isEmpty {
      let subjects = Set(input.book.live.flatMap { $0.reading.subjects.map(\.id) })
      return input.actual.accounts.count { account in
        account.anchor.map { subjects.contains($0) } ?? false
      }
    }
    return zip(links, input.desired.accounts).count { link, desired in
      guard case .account(let position) = link else { return false }
      return correlator.ownedAccount(of: desired.subject) == nil
        && input.actual.accounts[position].anchor == desired.subject
    }
  }

  /// The assignments of every subject in a reading, sorted; empty unless there is anything to take
  /// over.
  static func assignmentsToTakeOver(_ input: PlanInput) -> [SubjectID: [AssignmentReference]] {
    guard input.takesOver else { return [:] }
    var result: [SubjectID: [AssignmentReference]] = [:]
    for reading in input.book.live.map(\.reading) {
      for assignment in reading.assignments {
        result[reading.subjects[Int(assignment.subject)].id, default: []]
          .append(reading.reference(assignment))
      }
    }
    return result
  }

  /// Records accounts that carry our anchor, are not desired, and are not in the ledger.
  mutating func takeOverAccounts() {
    guard !takeover.isEmpty else { return }
    for account in input.actual.accounts {
      guard let subject = account.anchor, desiredPositions[subject] == nil,
        input.desired.holds[subject] == nil, correlator.ownedAccount(of: subject) == nil,
        let because = takeover[subject]
      else { continue }
      notes.append(.account(subject, account.identity, origin: .created, because: because))
    }
  }

  /// Records a membership that is not desired, of an account that carries our anchor.
  mutating func takeOver(_ group: EntitlementKey, _ subject: SubjectID?) -> Bool {
    guard let subject, let because = takeover[subject] else { return false }
    notes.append(.membership(group, subject, origin: .adopted, because: because))
    return true
  }
}
