/// A part of an assignment record, whatever the document calls it.
enum RecordField: Sendable {
  case id, state, start, end, expirationType, duration, objectID
  case packageID, packageName, catalog
  case attribute(String)
  /// Anything else, by the document's own name.
  case member(String)
}

/// What is wrong with a record; it grants nothing.
struct RecordFault: Error {
  let field: RecordField
  let reason: String

  init(_ field: RecordField, _ reason: String) {
    self.field = field
    self.reason = reason
  }
}

/// One record as its document spells it: nothing is checked yet. Absent and null are `nil`.
struct RecordDraft {
  var line = 0
  var id: String?
  var state: String?
  var start: String?
  var end: String?
  var expirationType: String?
  var duration: String?
  /// When it did end, if the source says so.
  var expiredAt: String?
  var packageID: String?
  var packageName: String?
  var catalog: String?
  var objectID: String?
  /// The subject's attributes: one list for each name of the builder's shape.
  var values: [[String]] = []
  /// The first thing in it that cannot even be spelled.
  private(set) var fault: RecordFault?

  mutating func blame(_ field: RecordField, _ reason: String) {
    if fault == nil { fault = RecordFault(field, reason) }
  }
}
