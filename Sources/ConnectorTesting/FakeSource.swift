package import AccessModel
import Synchronization

/// A source that says what it is told to say.
package final class FakeSource: AssignmentSource {
  package let id: SourceID
  package let absentAfter: Duration
  private let answer: Mutex<Result<AssignmentReading, SourceError>>

  package init(
    id: SourceID = "fake", absentAfter: Duration = .zero, assignments: [FakeAssignment] = []
  ) {
    self.id = id
    self.absentAfter = absentAfter
    answer = Mutex(.success(AssignmentReading(source: id, fakes: assignments)))
  }

  package func answer(
    _ assignments: [FakeAssignment], undecodable: [UndecodableRecord] = [],
    coverage: Coverage = .complete
  ) {
    let reading = AssignmentReading(
      source: id, fakes: assignments, undecodable: undecodable, coverage: coverage)
    answer.withLock { $0 = .success(reading) }
  }

  package func fail(_ kind: SourceError.Kind = .unavailable, _ message: String = "cannot be read") {
    answer.withLock { $0 = .failure(SourceError(source: id, kind: kind, message: message)) }
  }

  package func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    try answer.withLock { $0 }.get()
  }
}

/// An assignment as a test writes it down.
package struct FakeAssignment: Sendable {
  package var id: AssignmentID
  package var subject: SubjectID
  package var package: String
  package var state: AssignmentState
  package var start: Instant
  package var end: Instant?
  package var attributes: [String: [String]]

  package init(
    _ id: AssignmentID, subject: SubjectID, package: String,
    state: AssignmentState = .delivered, start: Instant = Instant(microseconds: 0),
    end: Instant? = nil, attributes: [String: [String]] = [:]
  ) {
    self.id = id
    self.subject = subject
    self.package = package
    self.state = state
    self.start = start
    self.end = end
    self.attributes = attributes
  }
}

extension AssignmentReading {
  /// The reading that holds exactly these; the first of a subject's fakes gives its attributes.
  package init(
    source: SourceID, fakes: [FakeAssignment], undecodable: [UndecodableRecord] = [],
    coverage: Coverage = .complete
  ) {
    var subjects: [Subject] = []
    var packages: [AccessPackage] = []
    var subjectPositions: [SubjectID: Int32] = [:]
    var packagePositions: [String: Int32] = [:]
    var assignments: ContiguousArray<Assignment> = []
    for fake in fakes.sorted(by: { $0.id < $1.id }) {
      let subject = subjectPositions[fake.subject] ?? Int32(subjects.count)
      if subjectPositions.updateValue(subject, forKey: fake.subject) == nil {
        subjects.append(Subject(id: fake.subject, attributes: Attributes(fake.attributes)))
      }
      let package = packagePositions[fake.package] ?? Int32(packages.count)
      if packagePositions.updateValue(package, forKey: fake.package) == nil {
        packages.append(AccessPackage(name: fake.package))
      }
      assignments.append(
        Assignment(
          id: fake.id, subject: subject, package: package, state: fake.state,
          validity: Validity(start: fake.start, end: fake.end)))
    }
    self.init(
      source: source, subjects: subjects, packages: packages, assignments: assignments,
      undecodable: undecodable, coverage: coverage)
  }
}
