import AccessModel

/// Collects the records of one reading: understands them one by one, stores what repeats once, and
/// finds out what contradicts what.
struct ReadingBuilder {
  /// More attribute names than any source needs; a document that makes up new ones all the time must
  /// not slow everything down.
  static let maximumAttributes = 1_000

  /// What tells where a record stands.
  enum Places: String {
    /// Lines of one document, which lists each record once.
    case lines
    /// How many records came before, over several pages. While they are read the list may move, so
    /// that a record comes twice; but as the same, or it contradicts itself.
    case records
  }

  private struct Entry {
    let assignment: Assignment
    /// The line, or the number of the record.
    let line: Int32
  }

  /// In `Assignment.subject`: none is named, or not understood; kept to find repeated ids.
  private static let nobody: Int32 = -1
  private static let undecoded: Int32 = -2

  private struct Conflict {
    let field: RecordField
    let lines: (Int32, Int32)
  }

  private let source: SourceID
  private let document: String
  private let places: Places
  private let spelling: @Sendable (RecordField) -> String
  private(set) var shape = Attributes.Shape.empty
  private var entries: ContiguousArray<Entry> = []
  private var faults: [(line: Int32, record: UndecodableRecord)] = []
  private var packages: [AccessPackage] = []
  private var packagePositions: [Identifier<AccessPackage>: Int32] = [:]
  private var subjects: [Subject] = []
  private var subjectPositions: [SubjectID: Int32] = [:]
  /// The line a subject's attributes are from; negative while only a record that is over gave them.
  private var subjectLines: ContiguousArray<Int32> = []
  private var conflicts: [Int32: Conflict] = [:]
  private var withoutSubject: [AssignmentID: AssignmentState] = [:]
  private var repetitions = 0

  /// `document` is what locations begin with; `spelling` is what the document calls a field.
  init(
    source: SourceID, document: String, places: Places,
    spelling: @escaping @Sendable (RecordField) -> String
  ) {
    self.source = source
    self.document = document
    self.places = places
    self.spelling = spelling
  }

  /// Records so far.
  var count: Int { entries.count }

  /// Where the values of an attribute stand in `RecordDraft.values`; `nil` if there are too many.
  mutating func position(ofAttribute name: String) -> Int? {
    if let known = shape.position(of: name) { return known }
    guard shape.names.count < Self.maximumAttributes else { return nil }
    shape = Attributes.Shape(shape.names + [name])
    return shape.names.count - 1
  }

  mutating func add(_ draft: RecordDraft) {
    let line = places == .lines ? Int32(clamping: draft.line) : Int32(clamping: count + 1)
    let id = AssignmentID(draft.id ?? "")
    do throws(RecordFault) {
      let decoded = try draft.decoded()
      let isOver = decoded.state == .expired
      let assignment = Assignment(
        id: id,
        subject: decoded.subject.map { intern($0, draft.values, isOver: isOver, line) }
          ?? Self.nobody,
        package: intern(decoded.package), state: decoded.state, validity: decoded.validity)
      entries.append(Entry(assignment: assignment, line: line))
    } catch {
      report(error, line: line, id: id)
      let start = Instant(microseconds: 0)
      entries.append(
        Entry(
          assignment: Assignment(
            id: id, subject: Self.undecoded, package: 0, state: .expired,
            validity: Validity(start: start, end: start)), line: line))
    }
  }

  consuming func finish(_ coverage: Coverage) -> AssignmentReading {
    reportConflicts()
    let assignments = withoutRepetitions()
    faults.sort { $0.line < $1.line }
    var coverage = coverage
    if repetitions > 0, coverage.isComplete {
      coverage = .partial(
        reason: "\(repetitions) record(s) came twice: the list moved while it was read")
    }
    return AssignmentReading(
      source: source, subjects: subjects, packages: packages, assignments: assignments,
      withoutSubject: withoutSubject, undecodable: faults.map(\.record), coverage: coverage)
  }

  private mutating func report(_ fault: RecordFault, line: Int32, id: AssignmentID) {
    let record = UndecodableRecord(
      location: "\(document):\(line)", field: spelling(fault.field), reason: fault.reason,
      assignment: id.rawValue.isEmpty ? nil : id)
    faults.append((line, record))
  }

  private mutating func intern(_ package: AccessPackage) -> Int32 {
    // No part can hold NUL, so no two packages share a key.
    var name = package.name
    for part in [package.id, package.catalog] {
      name += "\0"
      if let part { name += part }
    }
    let key = Identifier<AccessPackage>(name)
    if let known = packagePositions[key] { return known }
    let position = Int32(packages.count)
    packagePositions[key] = position
    packages.append(package)
    return position
  }

  /// A record that is over grants nothing, so it neither contradicts others nor is contradicted.
  private mutating func intern(
    _ id: SubjectID, _ values: [[String]], isOver: Bool, _ line: Int32
  ) -> Int32 {
    let known = subjectPositions[id]
    if let known, isOver { return known }
    let attributes = Attributes(shape: shape, values: values)
    guard let known else {
      let position = Int32(subjects.count)
      subjectPositions[id] = position
      subjects.append(Subject(id: id, attributes: attributes))
      subjectLines.append(isOver ? -line : line)
      return position
    }
    let index = Int(known)
    if subjectLines[index] < 0 {
      subjects[index] = Subject(id: id, attributes: attributes)
      subjectLines[index] = line
    } else if conflicts[known] == nil, subjects[index].attributes != attributes {
      let name = firstDifference(subjects[index].attributes, attributes)
      conflicts[known] = Conflict(
        field: .attribute(name), lines: (subjectLines[index], line))
    }
    return known
  }

  private func firstDifference(_ left: Attributes, _ right: Attributes) -> String {
    let names = Set(left.dictionary.keys).union(right.dictionary.keys).sorted()
    return names.first { left[$0] != right[$0] } ?? ""
  }

  /// Which of two accounts of a person is right cannot be known, so none of theirs is taken.
  private mutating func reportConflicts() {
    guard !conflicts.isEmpty else { return }
    for index in entries.indices {
      let entry = entries[index]
      guard entry.assignment.state != .expired,
        let conflict = conflicts[entry.assignment.subject]
      else { continue }
      let (one, other) = conflict.lines
      report(
        RecordFault(
          conflict.field,
          "differs between the records of this objectId in \(places) \(one), \(other)"),
        line: entry.line, id: entry.assignment.id)
      entries[index] = Entry(
        assignment: Assignment(
          id: entry.assignment.id, subject: Self.undecoded, package: 0, state: .expired,
          validity: entry.assignment.validity), line: entry.line)
    }
  }

  /// Sorts by id. Which of several records with one id is meant cannot be known, so none is taken but
  /// one that says it is over.
  private mutating func withoutRepetitions() -> ContiguousArray<Assignment> {
    entries.sort { ($0.assignment.id, $0.line) < ($1.assignment.id, $1.line) }
    var assignments: ContiguousArray<Assignment> = []
    assignments.reserveCapacity(entries.count)
    var index = 0
    while index < entries.count {
      let id = entries[index].assignment.id
      var end = index + 1
      while end < entries.count, entries[end].assignment.id == id { end += 1 }
      let isOne = end == index + 1 || id.rawValue.isEmpty
      if isOne || isSame(entries[index..<end]) {
        let assignment = entries[index].assignment
        if assignment.subject >= 0 {
          assignments.append(assignment)
        } else if assignment.subject == Self.nobody {
          withoutSubject[id] = assignment.state
        }
        if !isOne { repetitions += end - index - 1 }
      } else {
        let lines = "\(entries[index].line), \(entries[index + 1].line)"
        let more = end - index > 2 ? " and \(end - index - 2) more" : ""
        for entry in entries[index..<end] where entry.assignment.subject != Self.undecoded {
          report(
            RecordFault(.id, "is repeated in \(places) \(lines)\(more)"), line: entry.line, id: id)
        }
        // Whatever the others say: what is over in one of them grants nothing.
        let over = entries[index..<end].first { entry in
          entry.assignment.subject >= 0
            && [.expired, .deliveryFailed].contains(entry.assignment.state)
        }
        if let over { assignments.append(over.assignment) }
      }
      index = end
    }
    entries = []
    return assignments
  }

  private func isSame(_ repeated: ArraySlice<Entry>) -> Bool {
    guard places == .records, let first = repeated.first else { return false }
    return repeated.allSatisfy { $0.assignment == first.assignment }
  }
}
