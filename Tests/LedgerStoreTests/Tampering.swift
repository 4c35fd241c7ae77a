import Foundation
import GRDB

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// What somebody who has the database, but not the key, might do to the journal.
enum Tampering {
  static var configuration: Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    return configuration
  }

  static func change(_ path: String, _ body: (Database) throws -> Void) throws {
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.write { db in
      try unlock(db)
      try body(db)
    }
    try queue.close()
  }

  /// Takes away what keeps the journal from being edited by mistake.
  static func unlock(_ db: Database) throws {
    let triggers = try String.fetchAll(
      db, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger)") }
  }

  private static let columns: [(table: String, column: String, isNumber: Bool)] = [
    ("run", "name", false), ("run", "command", false), ("run", "actor", false),
    ("run", "started_at", true), ("run", "ended_at", true), ("run", "summary", false),
    ("intent", "at", true), ("intent", "kind", false), ("intent", "phase", true),
    ("intent", "cause", false), ("intent", "change", false), ("outcome", "intent", true),
    ("outcome", "at", true), ("outcome", "detail", false), ("approval", "digest", false),
    ("approval", "name", false), ("approval", "reason", false), ("approval", "at", true),
    ("target", "name", false), ("subject", "name", false), ("entitlement", "name", false),
    ("record", "detail", false), ("record", "kind", false), ("record", "row", true),
  ]

  /// Does one thing, and says what kind of thing it was.
  static func random(_ db: Database, _ generator: inout SeededGenerator) throws -> String {
    let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM record") ?? 0
    switch Int.random(in: 0..<6, using: &generator) {
    case 0:
      try edit(db, &generator)
      return "edit"
    case 1:
      let record = Int64.random(in: 1..<last, using: &generator)
      try drop(db, record, renumbering: Bool.random(using: &generator))
      return "drop"
    case 2:
      let first = Int64.random(in: 1..<last, using: &generator)
      let second = Int64.random(in: first + 1...last, using: &generator)
      try swap(db, first, second)
      return "swap"
    case 3:
      try insert(db, after: Int64.random(in: 0...last, using: &generator), &generator)
      return "insert"
    case 4:
      try cut(db, keeping: Int64.random(in: 0..<last, using: &generator))
      return "cut"
    default:
      try flip(db, Int64.random(in: 1...last, using: &generator), &generator)
      return "code"
    }
  }

  private static func edit(_ db: Database, _ generator: inout SeededGenerator) throws {
    var changed = 0
    while changed == 0 {
      guard let (table, column, isNumber) = columns.randomElement(using: &generator) else { return }
      // What no record vouches for may be anything: a name that nothing refers to.
      let condition =
        ["subject", "entitlement"].contains(table) ? "AND id IN (SELECT \(table) FROM intent)" : ""
      let ids = try Int64.fetchAll(
        db, sql: "SELECT id FROM \(table) WHERE \(column) IS NOT NULL \(condition)")
      guard let id = ids.randomElement(using: &generator) else { continue }
      let value = isNumber ? "\(column) + 1" : "\(column) || 'x'"
      // An outcome may name any intent; a unique name stays unique with an x.
      try db.execute(sql: "UPDATE \(table) SET \(column) = \(value) WHERE id = \(id)")
      changed = db.changesCount
    }
  }

  private static func drop(_ db: Database, _ record: Int64, renumbering: Bool) throws {
    try dropRow(of: record, db)
    try db.execute(sql: "DELETE FROM record WHERE id = ?", arguments: [record])
    guard renumbering else { return }
    let later = try Int64.fetchAll(
      db, sql: "SELECT id FROM record WHERE id > ? ORDER BY id", arguments: [record])
    for id in later {
      try db.execute(sql: "UPDATE record SET id = ? WHERE id = ?", arguments: [id - 1, id])
    }
  }

  private static func dropRow(of record: Int64, _ db: Database) throws {
    let found = try Row.fetchOne(
      db, sql: "SELECT kind, row FROM record WHERE id = ?", arguments: [record])
    guard let found, let row: Int64 = found[1] else { return }
    switch found[0] as String {
    case "intent", "outcome":
      try db.execute(sql: "DELETE FROM \(found[0] as String) WHERE id = \(row)")
    case "runBegun": try db.execute(sql: "DELETE FROM run WHERE id = \(row)")
    case "runEnded":
      try db.execute(sql: "UPDATE run SET ended_at = NULL, summary = NULL WHERE id = \(row)")
    case "approval": try db.execute(sql: "DELETE FROM approval WHERE id = \(row)")
    case "approvalUsed": try db.execute(sql: "UPDATE approval SET used_by = NULL WHERE id = \(row)")
    default: return
    }
  }

  private static func swap(_ db: Database, _ first: Int64, _ second: Int64) throws {
    for (from, to) in [(first, -1), (second, first), (-1, second)] {
      try db.execute(sql: "UPDATE record SET id = ? WHERE id = ?", arguments: [to, from])
    }
  }

  /// A copy of a record, with its row copied too where that can be, in the place after another.
  private static func insert(
    _ db: Database, after place: Int64, _ generator: inout SeededGenerator
  ) throws {
    if Bool.random(using: &generator) {
      return try db.execute(
        sql: """
          INSERT INTO outcome (intent, run, at, outcome)
          SELECT intent, run, at, outcome FROM outcome ORDER BY random() LIMIT 1
          """)
    }
    let later = try Int64.fetchAll(
      db, sql: "SELECT id FROM record WHERE id > ? ORDER BY id DESC", arguments: [place])
    for id in later {
      try db.execute(sql: "UPDATE record SET id = ? WHERE id = ?", arguments: [id + 1, id])
    }
    let code = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    try db.execute(
      sql: "INSERT INTO record (id, kind, detail, code) VALUES (?, 'note', ?, ?)",
      arguments: [
        place + 1, #"{"kind":"membershipGone","run":"run-1","target":"corp"}"#, code,
      ])
  }

  /// Drops all records after one, and what they vouch for.
  static func cut(_ db: Database, keeping last: Int64) throws {
    let later = try Int64.fetchAll(
      db, sql: "SELECT id FROM record WHERE id > ? ORDER BY id DESC", arguments: [last])
    for record in later { try dropRow(of: record, db) }
    try db.execute(sql: "DELETE FROM record WHERE id > ?", arguments: [last])
  }

  private static func flip(
    _ db: Database, _ record: Int64, _ generator: inout SeededGenerator
  ) throws {
    let code = try Data.fetchOne(
      db, sql: "SELECT code FROM record WHERE id = ?", arguments: [record])
    guard var bytes = code.map(Array.init) else { return }
    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1
    try db.execute(
      sql: "UPDATE record SET code = ? WHERE id = ?", arguments: [Data(bytes), record])
  }
}
