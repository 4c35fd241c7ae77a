import AccessModel
import Foundation
import GRDB
import Hashing

/// The table `record`: everything that explains access, in the order in which it happened, each
/// record bound to the one before it by a keyed hash (HMAC-SHA-256).
///
/// One value serves one transaction of one writer.
final class Chain {
  let db: Database
  let key: JournalKey
  private(set) var head: JournalHead?
  private var last: [UInt8]
  private(set) var isGrown = false

  init(db: Database, key: JournalKey) throws {
    self.db = db
    self.key = key
    let row = try Row.fetchOne(db, sql: "SELECT id, code FROM record ORDER BY id DESC LIMIT 1")
    last = row.map { Array($0[1] as Data) } ?? Self.origin
    head = row.map { JournalHead(record: $0[0], code: hexadecimal(Array($0[1] as Data))) }
  }

  /// What stands in the place of the code before the first.
  static let origin = [UInt8](repeating: 0, count: 32)

  /// The code of one record.
  static func code(
    _ record: Int64, _ kind: String, _ content: RecordContent, after previous: [UInt8],
    key: JournalKey
  ) -> [UInt8] {
    var whole = RecordContent()
    whole.append(previous)
    whole.append(record)
    whole.append(kind)
    return key.code(of: whole.bytes + content.bytes)
  }

  /// A record that says everything itself, as JSON.
  func append(_ kind: RecordKind, _ detail: some Encodable) throws {
    let detail = try JSONText.encode(detail)
    var content = RecordContent()
    content.append(detail)
    try append(kind, row: nil, detail: detail, content)
  }

  /// A record that vouches for a row which is in its table already.
  func append(_ kind: RecordKind, row: Int64) throws {
    try append(kind, row: row, content: try Self.content(of: row, kind, db))
  }

  /// A record that vouches for a row whose columns the caller knows, in the order of `RecordKind.row`.
  func append(_ kind: RecordKind, row: Int64, content: RecordContent) throws {
    try append(kind, row: row, detail: nil, content)
  }

  /// Throws unless the approval is as it was given and no run has used it: by its row alone anybody who
  /// can write the file could have given it, or given it again.
  func requireUnused(approval row: Int64) throws {
    let given = try Row.fetchOne(
      db, sql: "SELECT id, code FROM record WHERE kind = 'approval' AND row = ?", arguments: [row])
    let isUsed = try Bool.fetchOne(
      db, sql: "SELECT EXISTS (SELECT 1 FROM record WHERE kind = 'approvalUsed' AND row = ?)",
      arguments: [row])
    if isUsed != true, let given, let content = try Self.existingContent(of: row, .approval, db) {
      let record: Int64 = given[0]
      let previous = try Data.fetchOne(
        db, sql: "SELECT code FROM record WHERE id = ?", arguments: [record - 1])
      let code = Self.code(
        record, RecordKind.approval.rawValue, content,
        after: previous.map(Array.init) ?? Self.origin, key: key)
      if code == Array(given[1] as Data) { return }
    }
    throw LedgerError(
      message:
        "the approval in row \(row) was inserted, edited or used before: the journal does not "
        + "vouch for it; see 'bellhop verify'")
  }

  private func append(
    _ kind: RecordKind, row: Int64?, detail: String?, _ content: RecordContent
  ) throws {
    let record = (head?.record ?? 0) + 1
    last = Self.code(record, kind.rawValue, content, after: last, key: key)
    try db.cachedStatement(
      sql: "INSERT INTO record (id, kind, row, detail, code) VALUES (?, ?, ?, ?, ?)"
    ).execute(arguments: [record, kind.rawValue, row, detail, Data(last)])
    head = JournalHead(record: record, code: hexadecimal(last))
    isGrown = true
  }

  /// Throws if the row is not there.
  static func content(of row: Int64, _ kind: RecordKind, _ db: Database) throws -> RecordContent {
    guard let found = try existingContent(of: row, kind, db) else {
      throw LedgerError(message: "row \(row) of \(kind.rawValue) is gone")
    }
    return found
  }

  /// `nil` if the row is not there.
  static func existingContent(
    of row: Int64, _ kind: RecordKind, _ db: Database
  ) throws -> RecordContent? {
    guard let sql = kind.row else { return nil }
    let statement = try db.cachedStatement(sql: sql)
    return try Row.fetchOne(statement, arguments: [row]).map { row in
      var content = RecordContent()
      for value in row.databaseValues { content.append(value) }
      return content
    }
  }
}
