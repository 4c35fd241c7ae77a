import AccessModel
import Foundation
import GRDB
import Hashing

/// What is checked before a ledger is written, and how a chain begins.
extension Chain {
  struct Beginning: Codable {
    let key: String
    /// Rows of runs, intents, outcomes and approvals that were there before the chain.
    let found: Int
  }

  struct TakeOver: Codable {
    let name: String
    let reason: String
    let at: Instant
    /// The key from here on.
    let key: String
    /// Where the head file said that the journal ends.
    let expected: JournalHead?
  }

  /// Starts the chain of a ledger that has none, and vouches for the rows that it finds.
  func begin(keyName: String) throws {
    var rows: [(RecordKind, [Int64])] = []
    for kind in [RecordKind.runBegun, .intent, .outcome, .runEnded, .approval, .approvalUsed] {
      guard let unknown = kind.unknownRows else { continue }
      rows.append((kind, try Int64.fetchAll(db, sql: unknown)))
    }
    try append(.begun, Beginning(key: keyName, found: rows.reduce(0) { $0 + $1.1.count }))
    for (kind, numbers) in rows {
      for number in numbers { try append(kind, row: number) }
    }
  }

  /// Throws if the journal ends before the head file says, or elsewhere.
  static func requireHead(_ head: JournalHead?, in db: Database) throws {
    guard let head else { return }
    let code = try Data.fetchOne(
      db, sql: "SELECT code FROM record WHERE id = ?", arguments: [head.record])
    guard code.map({ hexadecimal(Array($0)) }) != head.code else { return }
    let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM record") ?? 0
    throw LedgerError(
      message: "it is older than it was, or another one: the journal was last known to have "
        + "\(head.record) records, and \(code == nil ? "has \(last)" : "they are others"); restore "
        + "the newest backup, or take over what is there with 'bellhop adopt TARGET'")
  }

  /// Throws unless the last record was made with this key.
  func requireKey() throws {
    guard let head,
      let row = try Row.fetchOne(
        db, sql: "SELECT kind, row, detail, code FROM record WHERE id = ?", arguments: [head.record]
      )
    else { return }
    let previous: Data? = try Data.fetchOne(
      db, sql: "SELECT code FROM record WHERE id = ?", arguments: [head.record - 1])
    let content = try Self.content(row, db)
    let code: Data = row[3]
    guard let content,
      Self.code(
        head.record, row[0], content, after: previous.map(Array.init) ?? Self.origin, key: key)
        == Array(code)
    else {
      throw LedgerError(
        message: "the last record of its journal, \(head.record), was not made with the key of "
          + "this installation: the key is another one, or the record was edited; see "
          + "'bellhop verify', then restore the key or the newest backup")
    }
  }

  /// The content of a row of the table `record`, whose columns are kind, row and detail; `nil` where
  /// what it vouches for is gone.
  static func content(_ record: Row, _ db: Database) throws -> RecordContent? {
    guard let number: Int64 = record[1] else {
      var content = RecordContent()
      content.append(record[2] as String?)
      return content
    }
    guard let kind = RecordKind(rawValue: record[0]) else { return nil }
    return try existingContent(of: number, kind, db)
  }
}
