import AccessModel
import GraphClient

extension AssignmentReading {
  /// The subjects, by id in lower case, whose assignments are not all over.
  var subjectsToAsk: [String] {
    var positions: Set<Int32> = []
    for assignment in assignments where !assignment.state.isOver {
      positions.insert(assignment.subject)
    }
    return positions.map { subjects[Int($0)].id.rawValue.lowercased() }.sorted()
  }

  /// Those of the attributes that no subject has by itself.
  func missing(of attributes: Set<String>) -> [String] {
    let shapes = Dictionary(
      subjects.map { (ObjectIdentifier($0.attributes.shape), $0.attributes.shape) },
      uniquingKeysWith: { first, _ in first })
    let known = Set(shapes.values.flatMap(\.names))
    return attributes.subtracting(known).filter { !$0.hasPrefix("connectedOrganization.") }.sorted()
  }

  /// With the attributes that Entra's users have besides, and the assignments of those who are blocked
  /// or gone over.
  func completed(with facts: [String: SubjectFacts], _ shape: Attributes.Shape) -> AssignmentReading
  {
    var revocations = revocations
    for assignment in assignments where !assignment.state.isOver {
      let id = subjects[Int(assignment.subject)].id.rawValue.lowercased()
      if let evidence = facts[id]?.standing.evidence { revocations[assignment.id] = evidence }
    }
    var subjects = subjects
    if !shape.names.isEmpty {
      var shapes: [ObjectIdentifier: Attributes.Shape] = [:]
      subjects = subjects.map { subject in
        guard let found = facts[subject.id.rawValue.lowercased()] else { return subject }
        let own = subject.attributes.shape
        let joined = shapes[ObjectIdentifier(own)] ?? Attributes.Shape(own.names + shape.names)
        shapes[ObjectIdentifier(own)] = joined
        return Subject(
          id: subject.id, attributes: subject.attributes.joined(found.attributes, joined))
      }
    }
    return copy(subjects: subjects, revocations: revocations)
  }

  /// Where a mapping uses what could not be read of subjects, nothing may be decided about them; where
  /// none does, only the check for blocked and deleted ones is lacking, which is told.
  func withUnreadSubjects(_ error: GraphError, attributes: [String]) -> AssignmentReading {
    guard !attributes.isEmpty else {
      return copy(
        remarks: remarks + [
          "subjects are not checked for being blocked or deleted: \(error)"
        ])
    }
    let record = UndecodableRecord(
      location: "users", field: attributes.joined(separator: ", "),
      reason: "cannot be read, so every subject is held: \(error)")
    return copy(
      assignments: ContiguousArray(assignments.filter(\.state.isOver)),
      undecodable: undecodable + [record])
  }
}

extension AssignmentState {
  var isOver: Bool {
    switch self {
    case .expired, .deliveryFailed: true
    case .delivering, .partiallyDelivered, .delivered: false
    }
  }
}

extension Attributes {
  /// With those of another record behind them; `shape` has the names of both.
  fileprivate func joined(_ other: Attributes, _ shape: Shape) -> Attributes {
    let own = dictionary
    let added = other.dictionary
    return Attributes(
      shape: shape, values: shape.names.map { own[$0, default: added[$0, default: []]] })
  }
}
