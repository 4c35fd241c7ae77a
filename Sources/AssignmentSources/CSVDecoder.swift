import AccessModel

/// Reads assignments from CSV with a header row. Columns it does not know become attributes of the
/// subject; an empty cell is absent.
struct CSVDecoder: ~Copyable {
  private enum Column {
    case id, state, start, end, expirationType, packageName, packageID, catalog
    case objectID(attribute: Int)
    case attribute(Int)
  }

  static let required = [
    "assignmentId", "accessPackage", "state", "startDateTime", "endDateTime", "objectId",
  ]

  private var reader: CSVReader
  private var builder: ReadingBuilder
  private var columns: [Column] = []

  init(
    _ input: consuming ByteInput, source: SourceID, document: String
  ) throws(InputFault) {
    reader = try CSVReader(input)
    builder = ReadingBuilder(
      source: source, document: document, places: .lines, spelling: Self.column(of:))
  }

  consuming func decode() throws(InputFault) -> AssignmentReading {
    guard try reader.next() else { throw reader.fault("there is no header row") }
    try readHeader()
    while try reader.next() { builder.add(record()) }
    return builder.finish(.complete)
  }

  /// What an error calls a field.
  static func column(of field: RecordField) -> String {
    switch field {
    case .id: "assignmentId"
    case .state: "state"
    case .start: "startDateTime"
    case .end: "endDateTime"
    case .expirationType, .duration: "expirationType"
    case .objectID: "objectId"
    case .packageID: "accessPackageId"
    case .packageName: "accessPackage"
    case .catalog: "catalog"
    case .attribute("connectedOrganization.displayName"): "connectedOrganization"
    case .attribute(let name), .member(let name): name
    }
  }

  private mutating func readHeader() throws(InputFault) {
    let names = reader.cells
    guard !names.contains("") else { throw reader.fault("a column has no name") }
    let known = Set(names.map { Identifier<Column>($0) })
    let missing = Self.required.filter { !known.contains(Identifier($0)) }
    guard missing.isEmpty else {
      let isSeparatedOtherwise = names.count == 1 && names[0].contains { ";\t|".contains($0) }
      throw reader.fault(
        "the header row lacks \(missing.joined(separator: ", "))"
          + (isSeparatedOtherwise ? "; columns are separated by commas" : ""))
    }
    var seen: Set<Identifier<Column>> = []
    let repeated = names.filter { name in
      !seen.insert(Identifier(Self.attribute(of: name))).inserted
    }
    guard repeated.isEmpty else {
      throw reader.fault("the header row repeats \(repeated.map(quoted).joined(separator: ", "))")
    }
    columns = names.map { column(named: $0) }
  }

  private static func attribute(of name: String) -> String {
    name == "connectedOrganization" ? "connectedOrganization.displayName" : name
  }

  private mutating func column(named name: String) -> Column {
    switch name {
    case "assignmentId": .id
    case "state": .state
    case "startDateTime": .start
    case "endDateTime": .end
    case "expirationType": .expirationType
    case "accessPackage": .packageName
    case "accessPackageId": .packageID
    case "catalog": .catalog
    case "objectId": .objectID(attribute: position(of: name))
    default: .attribute(position(of: Self.attribute(of: name)))
    }
  }

  /// A row has no more cells than the builder takes attributes.
  private mutating func position(of name: String) -> Int {
    builder.position(ofAttribute: name) ?? 0
  }

  private func record() -> RecordDraft {
    var draft = RecordDraft()
    draft.line = reader.line
    draft.values = Array(repeating: [], count: builder.shape.names.count)
    for (column, cell) in zip(columns, reader.cells) where !cell.isEmpty {
      switch column {
      case .id: draft.id = cell
      case .state: draft.state = cell
      case .start: draft.start = cell
      case .end: draft.end = cell
      case .expirationType: draft.expirationType = cell
      case .packageName: draft.packageName = cell
      case .packageID: draft.packageID = cell
      case .catalog: draft.catalog = cell
      case .objectID(let attribute):
        draft.objectID = cell
        draft.values[attribute] = [cell]
      case .attribute(let attribute): draft.values[attribute] = [cell]
      }
    }
    if reader.cells.count != columns.count {
      draft.blame(
        .member("row"), "has \(reader.cells.count) cells where the header has \(columns.count)")
    }
    return draft
  }
}
