import AccessModel
import Foundation
import GRDB
import Hashing

/// Reads the whole chain and compares it with the tables, the key and the head file.
struct Verifier {
  let db: Database
  /// `nil` if the file is gone.
  let key: JournalKey?
  /// What the head file says, read before the database.
  let expected: JournalHead?
  /// The code that an operator kept elsewhere.
  let named: String?

  private var result = Verification()
  private var replay: Replay
  /// From here on the records were made with the key that is there now.
  private var firstOfKey: Int64 = 1

  init(db: Database, key: JournalKey?, expected: JournalHead?, named: String?) throws {
    (self.db, self.key, self.expected, self.named) = (db, key, expected, named)
    replay = try Replay(db)
  }

  mutating func verify() throws -> Verification {
    try findKey()
    try walk()
    try findUnknownRows()
    checkHead()
    if result.faults.isEmpty { try compareOwnership() }
    if result.records == 0, result.faults.isEmpty {
      result.remarks = [
        "nothing is recorded yet: no run has begun, or the making of the ledger was cut short"
      ]
    }
    return result
  }

  private mutating func findKey() throws {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT id, kind, detail FROM record WHERE kind IN ('begun', 'takenOver') ORDER BY id DESC
        """)
    guard let key else {
      if !rows.isEmpty { result.note(nil, "the key of the journal is gone", .key) }
      return
    }
    var name: String?
    for row in rows {
      let (segmentKey, text) = try segment(row)
      name = name ?? segmentKey
      guard segmentKey == key.name else { break }
      firstOfKey = row[0]
      if let text { result.remarks.append(text) }
    }
    if let name, name != key.name {
      result.note(
        nil, "the journal was made with the key \(name), and the file holds \(key.name)", .key)
    } else if firstOfKey > 1 {
      result.remarks.append(
        "records 1 to \(firstOfKey - 1) were made with a key that is gone and cannot be checked")
    }
  }

  private func segment(_ row: Row) throws -> (key: String?, remark: String?) {
    guard let detail: String = row[2] else { return (nil, nil) }
    do {
      guard row[1] == RecordKind.takenOver.rawValue else {
        return (try JSONText.decode(Chain.Beginning.self, detail).key, nil)
      }
      let word = try JSONText.decode(Chain.TakeOver.self, detail)
      let expected = word.expected.map { ", when record \($0.record) was expected" } ?? ""
      return (
        word.key,
        "record \(row[0] as Int64): taken over by \(word.name) at \(word.at)\(expected): "
          + (word.reason.isEmpty ? "no reason given" : word.reason)
      )
    } catch is DecodingError {
      return (nil, nil)
    }
  }

  private mutating func walk() throws {
    var previous = Chain.origin
    let rows = try Row.fetchCursor(
      db, sql: "SELECT kind, row, detail, code, id FROM record ORDER BY id")
    while let row = try rows.next() {
      let (record, kind, code) = (row[4] as Int64, row[0] as String, Array(row[3] as Data))
      if record != result.records + 1 {
        result.note(
          record,
          "records \(result.records + 1) to \(record - 1) are missing: they were dropped", .backup)
      }
      let content = try Chain.content(row, db)
      if check(record, kind, row[1], content, code, after: previous) {
        try replay.follow(kind, row: row[1], row[2])
      }
      if let expected, record == expected.record, hexadecimal(code) != expected.code {
        result.note(
          record, "its code is not the one that journal.head has: this is another journal", .adopt)
      }
      if named?.lowercased() == hexadecimal(code) { result.named = record }
      (previous, result.records) = (code, record)
      result.head = JournalHead(record: record, code: hexadecimal(code))
    }
  }

  /// Whether the record is as it was written, as far as that can be told.
  private mutating func check(
    _ record: Int64, _ kind: String, _ row: Int64?, _ content: RecordContent?, _ code: [UInt8],
    after previous: [UInt8]
  ) -> Bool {
    guard let content else {
      result.note(
        record,
        "it vouches for row \(row.map(String.init) ?? "?") of '\(kind)', which is gone: the row was "
          + "dropped", .backup)
      return false
    }
    guard let key, record >= firstOfKey,
      Chain.code(record, kind, content, after: previous, key: key) != code
    else { return true }
    result.note(
      record,
      "its code is \(hexadecimal(code).prefix(16))… and does not follow from what it says and the "
        + "record before it: it, or the row \(row.map(String.init) ?? "") of '\(kind)' that it "
        + "vouches for, was edited, inserted or moved", .backup)
    return false
  }

  private mutating func findUnknownRows() throws {
    for kind in RecordKind.allCases {
      guard let sql = kind.unknownRows else { continue }
      for row in try Int64.fetchAll(db, sql: sql + " LIMIT 3") {
        result.note(
          nil, "row \(row) of '\(kind.rawValue)' is in no record: it was inserted", .backup)
      }
    }
  }

  private mutating func checkHead() {
    if let expected {
      if expected.record > result.records {
        result.note(
          nil,
          "the journal ends with record \(result.records), and it had \(expected.record): its tail "
            + "was cut, or an older copy restored", .adopt)
      }
    } else if result.records > 0 {
      result.remarks.append("the file journal.head is gone; the next run writes it")
    }
    if let named, result.named == nil {
      result.note(
        nil,
        "no record has the code \(named.prefix(16))…: the journal was cut before it, or is another",
        .backup)
    }
  }

  private mutating func compareOwnership() throws {
    guard try replay.isFromTheBeginning() else {
      result.remarks.append(
        "the ledger is older than its journal's chain, so who owns what is not compared with it")
      return
    }
    for difference in try replay.differences() { result.note(nil, difference, .compare) }
  }
}
