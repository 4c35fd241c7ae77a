/// Whether a reading reached its end. Anything but `complete` proves nothing by what it lacks.
package enum Coverage: Equatable, Sendable {
  case complete
  case partial(reason: String)

  package var isComplete: Bool { self == .complete }
}

/// A record that could not be understood. It grants nothing, and as it could be anyone's, its source
/// proves no absence.
package struct UndecodableRecord: Equatable, Sendable, CustomStringConvertible {
  /// Where it stands: `partners.json:214`.
  package let location: String
  /// The member or column at fault: `schedule.expiration.endDateTime`.
  package let field: String
  package let reason: String
  /// Its id, where at least that could be read.
  package let assignment: AssignmentID?

  package init(location: String, field: String, reason: String, assignment: AssignmentID? = nil) {
    self.location = location
    self.field = field
    self.reason = reason
    self.assignment = assignment
  }

  package var description: String {
    let name = assignment.map { " assignment \($0)" } ?? ""
    return "\(location):\(name) \(field): \(reason)"
  }
}

/// One pass over a source: what it said, and how far that can be trusted.
package struct AssignmentReading: Sendable {
  package let source: SourceID
  package let subjects: [Subject]
  package let packages: [AccessPackage]
  /// Sorted by id, each id once.
  package let assignments: ContiguousArray<Assignment>
  /// Those that are listed without a subject, by their states, none of which is live: not created yet,
  /// or gone. They are not in `assignments`, and not absent either.
  package let withoutSubject: [AssignmentID: AssignmentState]
  /// Assignments that are over whatever their state says, and the evidence for it in a few words:
  /// their subject is blocked or deleted, their removal was requested.
  package let revocations: [AssignmentID: String]
  package let undecodable: [UndecodableRecord]
  package let coverage: Coverage
  /// What else a reader should know: what could not be checked, and the way out. Nothing is held for
  /// it.
  package let remarks: [String]
  /// Requests that wait for us; sorted by id.
  package let waiting: [WaitingRequest]

  /// A reading with an undecodable record is partial whatever `coverage` claims.
  package init(
    source: SourceID, subjects: [Subject], packages: [AccessPackage],
    assignments: ContiguousArray<Assignment>,
    withoutSubject: [AssignmentID: AssignmentState] = [:],
    revocations: [AssignmentID: String] = [:], undecodable: [UndecodableRecord] = [],
    coverage: Coverage, remarks: [String] = [], waiting: [WaitingRequest] = []
  ) {
    self.source = source
    self.subjects = subjects
    self.packages = packages
    self.assignments = assignments
    self.withoutSubject = withoutSubject
    self.revocations = revocations
    self.undecodable = undecodable
    self.remarks = remarks
    self.waiting = waiting
    self.coverage =
      coverage.isComplete && !undecodable.isEmpty
      ? .partial(reason: "\(undecodable.count) undecodable record(s)") : coverage
  }

  package func reference(_ assignment: Assignment) -> AssignmentReference {
    AssignmentReference(source: source, id: assignment.id)
  }
}
