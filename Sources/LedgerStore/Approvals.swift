import AccessModel
import GRDB

/// The table `approval`: a word for one plan, good once and for a day.
struct Approvals {
  static let lifetime = Duration.seconds(24 * 60 * 60)

  let db: Database

  /// Gives the number of the new row.
  func record(_ approval: Approval) throws -> Int64 {
    try db.execute(
      sql: "INSERT INTO approval (digest, name, reason, at, person) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        approval.digest, approval.name, approval.reason, approval.at.microseconds, approval.person,
      ])
    return db.lastInsertedRowID
  }

  /// The newest one that is unused and younger than its lifetime.
  func valid(_ digest: String, now: Instant) throws -> Approval? {
    try open(now: now).first { $0.digest == digest }
  }

  /// Those that are unused and younger than their lifetime, newest first.
  func open(now: Instant) throws -> [Approval] {
    let lapsed = now.adding(.zero - Self.lifetime)
    return try all("used_by IS NULL AND at > ? ORDER BY at DESC, id DESC", [lapsed.microseconds])
  }

  func used(by run: RunID) throws -> [Approval] {
    try all("used_by = (SELECT id FROM run WHERE name = ?) ORDER BY id", [run.rawValue])
  }

  private func all(_ condition: String, _ arguments: StatementArguments) throws -> [Approval] {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT digest, name, reason, at, person FROM approval WHERE \(condition)",
      arguments: arguments)
    return try Array(rows.map { Approval($0) })
  }

  /// Uses up every approval of the digest, and gives the numbers of the rows. Throws if there is none
  /// left.
  func use(_ digest: String, run: RunID) throws -> [Int64] {
    let rows = try Int64.fetchAll(
      db,
      sql: """
        UPDATE approval SET used_by = ? WHERE digest = ? AND used_by IS NULL RETURNING id
        """,
      arguments: [try Runs(db: db).number(of: run), digest])
    guard !rows.isEmpty else {
      throw LedgerError(
        message: "it is not there or was used before; review the plan with 'bellhop plan' and "
          + "approve it again")
    }
    return rows.sorted()
  }
}

extension Approval {
  /// From columns in the order of the members.
  init(_ row: Row, from first: Int = 0) {
    self.init(
      digest: row[first], name: row[first + 1], reason: row[first + 2],
      at: Instant(microseconds: row[first + 3]), person: row[first + 4])
  }
}
