import AccessModel

extension AssignmentReading {
  func copy(
    subjects: [Subject]? = nil, assignments: ContiguousArray<Assignment>? = nil,
    revocations: [AssignmentID: String]? = nil, undecodable: [UndecodableRecord]? = nil,
    remarks: [String]? = nil, waiting: [WaitingRequest]? = nil
  ) -> AssignmentReading {
    AssignmentReading(
      source: source, subjects: subjects ?? self.subjects, packages: packages,
      assignments: assignments ?? self.assignments, withoutSubject: withoutSubject,
      revocations: revocations ?? self.revocations, undecodable: undecodable ?? self.undecodable,
      coverage: coverage, remarks: remarks ?? self.remarks, waiting: waiting ?? self.waiting)
  }

  /// This reading with the assignments `asked` as `newer` has them, which was read for them alone.
  func updated(with newer: AssignmentReading, asked: Set<AssignmentID>) -> AssignmentReading {
    var merge = Merge(self)
    var assignments = ContiguousArray(assignments.filter { !asked.contains($0.id) })
    for assignment in newer.assignments {
      assignments.append(
        Assignment(
          id: assignment.id, subject: merge.position(of: newer.subjects[Int(assignment.subject)]),
          package: merge.position(of: newer.packages[Int(assignment.package)]),
          state: assignment.state, validity: assignment.validity))
    }
    assignments.sort { $0.id < $1.id }
    return AssignmentReading(
      source: source, subjects: merge.subjects, packages: merge.packages, assignments: assignments,
      withoutSubject: replaced(withoutSubject, by: newer.withoutSubject, asked),
      revocations: replaced(revocations, by: newer.revocations, asked),
      undecodable: undecodable.filter { $0.assignment.map { !asked.contains($0) } ?? true }
        + newer.undecodable,
      coverage: coverage, remarks: remarks, waiting: waiting)
  }

  private func replaced<Value>(
    _ old: [AssignmentID: Value], by new: [AssignmentID: Value], _ asked: Set<AssignmentID>
  ) -> [AssignmentID: Value] {
    old.filter { !asked.contains($0.key) }.merging(new, uniquingKeysWith: { $1 })
  }

  /// Whether both say the same of every assignment and request.
  func saysTheSame(as other: AssignmentReading) -> Bool {
    assignments == other.assignments && subjects == other.subjects && packages == other.packages
      && withoutSubject == other.withoutSubject && revocations == other.revocations
      && undecodable == other.undecodable && waiting == other.waiting
  }

  /// Finds or adds subjects and packages of another reading. The newer word on a subject counts.
  private struct Merge {
    var subjects: [Subject]
    var packages: [AccessPackage]
    private var subjectPositions: [SubjectID: Int32]
    private var packagePositions: [AccessPackage: Int32]

    init(_ reading: AssignmentReading) {
      subjects = reading.subjects
      packages = reading.packages
      subjectPositions = Dictionary(
        zip(subjects.map(\.id), 0...), uniquingKeysWith: { first, _ in first })
      packagePositions = Dictionary(zip(packages, 0...), uniquingKeysWith: { first, _ in first })
    }

    mutating func position(of subject: Subject) -> Int32 {
      if let known = subjectPositions[subject.id] {
        subjects[Int(known)] = subject
        return known
      }
      let position = Int32(subjects.count)
      subjectPositions[subject.id] = position
      subjects.append(subject)
      return position
    }

    mutating func position(of package: AccessPackage) -> Int32 {
      if let known = packagePositions[package] { return known }
      let position = Int32(packages.count)
      packagePositions[package] = position
      packages.append(package)
      return position
    }
  }
}
