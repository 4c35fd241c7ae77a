import AccessModel
import GRDB

/// The numbers of assignment references, and lists of them as JSON arrays: `[41,57]`.
final class References {
  let db: Database
  private let sources: Names<Named.Source>
  private var numbers: [AssignmentReference: Int64] = [:]

  init(_ db: Database) {
    self.db = db
    sources = Names(db)
  }

  func number(of reference: AssignmentReference) throws -> Int64 {
    if let number = numbers[reference] { return number }
    let source = try sources.number(of: reference.source)
    let assignment = try storable(reference.id)
    let existing = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT id FROM reference WHERE source = ? AND assignment = ?"),
      arguments: [source, assignment])
    let number = try existing ?? insert(source, assignment)
    numbers[reference] = number
    return number
  }

  func list(_ references: [AssignmentReference]) throws -> String {
    var numbers: [String] = []
    for reference in references { numbers.append(String(try number(of: reference))) }
    return "[\(numbers.joined(separator: ","))]"
  }

  func forEach(_ body: (Int64, AssignmentReference) throws -> Void) throws {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT reference.id, name, assignment FROM reference JOIN source ON source.id = source
        """)
    while let row = try rows.next() {
      try body(row[0], AssignmentReference(source: SourceID(row[1]), id: AssignmentID(row[2])))
    }
  }

  private func insert(_ source: Int64, _ assignment: String) throws -> Int64 {
    try db.cachedStatement(sql: "INSERT INTO reference (source, assignment) VALUES (?, ?)")
      .execute(arguments: [source, assignment])
    return db.lastInsertedRowID
  }
}

/// Reads a list that `References.list` wrote, without a JSON parser: there are millions of them.
func forEachNumber(in list: String, _ body: (Int32) -> Void) throws {
  var number: Int32?
  for byte in list.utf8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      let (shifted, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int32(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw damagedList }
      number = sum
    case UInt8(ascii: ","), UInt8(ascii: "]"):
      if let number { body(number) }
      number = nil
    case UInt8(ascii: "["):
      continue
    default:
      throw damagedList
    }
  }
}

private let damagedList = LedgerError(
  message: "a list of assignments is damaged; restore a backup (docs/ledger.md)")
