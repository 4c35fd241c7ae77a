import AccessModel

/// Reads assignments in the list shape of Microsoft Graph, `$expand=target,accessPackage`: an object
/// with `value`, or the bare array; one document or several that continue each other. One record is
/// held at a time.
///
/// Everything directly below `target` becomes an attribute of the subject; members of nested objects
/// are named with dots. Unknown members elsewhere are passed over, but must be well-formed.
struct GraphListDecoder: ~Copyable {
  /// What one document said of the list besides its records.
  struct Page {
    var records = 0
    /// Where the list goes on.
    var nextLink: String?
    /// How many records there are in all; negative for what is no number.
    var count: Int?
  }

  private var tokens = JSONTokenizer()
  private var builder: ReadingBuilder
  private var draft = RecordDraft()
  private var page = Page()
  /// The name of the attribute being read, as far as it is known.
  private var path: ContiguousArray<UInt8> = []
  /// The names of the builder's shape.
  private var paths: [ContiguousArray<UInt8>] = []
  private var lastPosition = -1

  init(source: SourceID, document: String, places: ReadingBuilder.Places) {
    builder = ReadingBuilder(
      source: source, document: document, places: places, spelling: Self.path(of:))
  }

  /// Records read so far, of all documents.
  var records: Int { builder.count }

  /// Reads one document to its end. When it throws, the records before the fault are kept.
  mutating func read(_ input: consuming ByteInput) throws(InputFault) -> Page {
    page = Page()
    try tokens.begin(input)
    switch try tokens.next() {
    case .beginArray: try list()
    case .beginObject: try envelope()
    default: throw tokens.input.fault("the document is neither a list nor an object with 'value'")
    }
    _ = try tokens.next()
    return page
  }

  consuming func finish(_ coverage: Coverage) -> AssignmentReading { builder.finish(coverage) }

  /// What an error calls a field.
  static func path(of field: RecordField) -> String {
    switch field {
    case .id: "id"
    case .state: "state"
    case .start: "schedule.startDateTime"
    case .end: "schedule.expiration.endDateTime"
    case .expirationType: "schedule.expiration.type"
    case .duration: "schedule.expiration.duration"
    case .objectID: "target.objectId"
    case .packageID: "accessPackage.id"
    case .packageName: "accessPackage.displayName"
    case .catalog: "accessPackage.catalog.displayName"
    case .attribute(let name): "target.\(name)"
    case .member(let path): path
    }
  }

  private mutating func envelope() throws(InputFault) {
    var hasList = false
    while try tokens.nextName() {
      if tokens.text(is: "value") {
        guard try tokens.next() == .beginArray else {
          throw tokens.input.fault("'value' is no list")
        }
        try list()
        hasList = true
      } else if tokens.text(is: "@odata.nextLink") {
        let token = try tokens.next()
        page.nextLink = token == .null ? nil : token == .string ? tokens.string : ""
        try tokens.skipRest(of: token)
      } else if tokens.text(is: "@odata.count") {
        let token = try tokens.next()
        try tokens.skipRest(of: token)
        if token != .null { page.count = token == .number ? Int(tokens.string) ?? -1 : -1 }
      } else {
        try tokens.skipValue()
      }
    }
    guard hasList else { throw tokens.input.fault("the object has no list 'value'") }
  }

  private mutating func list() throws(InputFault) {
    while true {
      let token = try tokens.next()
      if token == .endArray { return }
      page.records += 1
      draft = RecordDraft()
      draft.values = Array(repeating: [], count: builder.shape.names.count)
      draft.line = tokens.line
      if token == .beginObject {
        try record()
      } else {
        draft.blame(.member("record"), "\(token.noun) where an object is due")
        try tokens.skipRest(of: token)
      }
      builder.add(draft)
    }
  }

  private mutating func record() throws(InputFault) {
    while try tokens.nextName() {
      if tokens.text(is: "id") {
        draft.id = try text(.id)
      } else if tokens.text(is: "state") {
        draft.state = try text(.state)
      } else if tokens.text(is: "schedule") {
        try schedule()
      } else if tokens.text(is: "target") {
        path.removeAll(keepingCapacity: true)
        lastPosition = -1
        if try opensObject("target") { try attributes() }
      } else if tokens.text(is: "accessPackage") {
        try accessPackage()
      } else if tokens.text(is: "expiredDateTime") {
        draft.expiredAt = try text(.member("expiredDateTime"))
      } else {
        try tokens.skipValue()
      }
    }
  }

  private mutating func schedule() throws(InputFault) {
    guard try opensObject("schedule") else { return }
    while try tokens.nextName() {
      if tokens.text(is: "startDateTime") {
        draft.start = try text(.start)
      } else if tokens.text(is: "expiration") {
        try expiration()
      } else {
        try tokens.skipValue()
      }
    }
  }

  private mutating func expiration() throws(InputFault) {
    guard try opensObject("schedule.expiration") else { return }
    while try tokens.nextName() {
      if tokens.text(is: "endDateTime") {
        draft.end = try text(.end)
      } else if tokens.text(is: "type") {
        draft.expirationType = try text(.expirationType)
      } else if tokens.text(is: "duration") {
        draft.duration = try text(.duration)
      } else {
        try tokens.skipValue()
      }
    }
  }

  private mutating func accessPackage() throws(InputFault) {
    guard try opensObject("accessPackage") else { return }
    while try tokens.nextName() {
      if tokens.text(is: "displayName") {
        draft.packageName = try text(.packageName)
      } else if tokens.text(is: "id") {
        draft.packageID = try text(.packageID)
      } else if tokens.text(is: "catalog") {
        guard try opensObject("accessPackage.catalog") else { continue }
        while try tokens.nextName() {
          if tokens.text(is: "displayName") {
            draft.catalog = try text(.catalog)
          } else {
            try tokens.skipValue()
          }
        }
      } else {
        try tokens.skipValue()
      }
    }
  }

  /// The members of the object being read, as attributes whose names begin with `path`.
  private mutating func attributes() throws(InputFault) {
    let prefix = path.count
    while try tokens.nextName() {
      path.append(contentsOf: tokens.text)
      try attribute(isObjectID: prefix == 0 && tokens.text(is: "objectId"))
      path.removeLast(path.count - prefix)
    }
  }

  private mutating func attribute(isObjectID: Bool) throws(InputFault) {
    if isObjectID {
      draft.objectID = try text(.objectID)
      if let objectID = draft.objectID { append(objectID) }
      return
    }
    let token = try tokens.next()
    if isAnnotation {
      try tokens.skipRest(of: token)
    } else if let value = scalar(token) {
      if token != .string, isText { blameType(token) }
      append(value)
    } else if token != .null, isText {
      blameType(token)
      try tokens.skipRest(of: token)
    } else if token == .beginObject {
      path.append(UInt8(ascii: "."))
      try attributes()
    } else if token == .beginArray {
      try elements()
    }
  }

  /// Every scalar of a list is a value; lists and objects in it are passed over.
  private mutating func elements() throws(InputFault) {
    while true {
      let token = try tokens.next()
      if token == .endArray { return }
      if let value = scalar(token) {
        append(value)
      } else {
        try tokens.skipRest(of: token)
      }
    }
  }

  private var pathText: String { String(decoding: path, as: UTF8.self) }

  /// Annotations (`connectedOrganization@odata.context`) are no attributes.
  private var isAnnotation: Bool {
    path.contains(UInt8(ascii: "@")) && pathText.contains("@odata.")
  }

  /// Whether this is an attribute that Graph declares as text.
  private var isText: Bool { ["displayName", "email", "principalName"].contains(pathText) }

  private mutating func blameType(_ token: JSONTokenizer.Token) {
    draft.blame(.attribute(pathText), "\(token.noun) where text is due")
  }

  private func scalar(_ token: JSONTokenizer.Token) -> String? {
    switch token {
    case .string, .number: tokens.string
    case .boolean(let value): value ? "true" : "false"
    default: nil
    }
  }

  private mutating func append(_ value: String) {
    guard let position = position() else {
      draft.blame(
        .attribute(pathText),
        "more than \(ReadingBuilder.maximumAttributes) different attributes")
      return
    }
    if position == draft.values.count { draft.values.append([]) }
    draft.values[position].append(value)
  }

  /// Where the attribute at `path` stands. Records mostly have the same members in the same order,
  /// so the one after the last is tried before the name is looked up.
  private mutating func position() -> Int? {
    let guess = lastPosition + 1
    if guess < paths.count, paths[guess] == path {
      lastPosition = guess
      return guess
    }
    guard let position = builder.position(ofAttribute: pathText) else { return nil }
    if position == paths.count { paths.append(path) }
    lastPosition = position
    return position
  }

  /// The text that is next; `nil` for null. Anything else is this record's fault.
  private mutating func text(_ field: RecordField) throws(InputFault) -> String? {
    let token = try tokens.next()
    switch token {
    case .string: return tokens.string
    case .null: return nil
    default:
      draft.blame(field, "\(token.noun) where text is due")
      try tokens.skipRest(of: token)
      return nil
    }
  }

  /// Whether an object begins next; null is as good as absent. Anything else is this record's fault.
  private mutating func opensObject(_ path: String) throws(InputFault) -> Bool {
    let token = try tokens.next()
    if token == .beginObject { return true }
    if token != .null {
      draft.blame(.member(path), "\(token.noun) where an object is due")
      try tokens.skipRest(of: token)
    }
    return false
  }
}

extension JSONTokenizer.Token {
  fileprivate var noun: String {
    switch self {
    case .beginObject: "an object"
    case .beginArray: "a list"
    case .string, .name: "text"
    case .number: "a number"
    case .boolean: "a boolean"
    case .null: "null"
    case .endObject, .endArray, .end: "nothing"
    }
  }
}
