import AccessModel
import GRDB

/// The table `approval`: a word for one plan, good once and for a day.
struct Approvals {
  static let lifetime = Duration.seconds(24 * 60 * 60)

  let db: Database

  func record(_ approval: Approval) throws {
    try db.execute(
      sql: "INSERT INTO approval (digest, name, reason, at) VALUES (?, ?, ?, ?)",
      arguments: [approval.digest, approval.name, approval.reason, approval.at.microseconds])
  }

  /// The newest one that is unused and younger than its lifetime.
  func valid(_ digest: String, now: Instant) throws -> Approval? {
    let lapsed = now.adding(.zero - Self.lifetime)
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT digest, name, reason, at FROM approval
        WHERE digest = ? AND used_by IS NULL AND at > ? ORDER BY at DESC, id DESC LIMIT 1
        """,
      arguments: [digest, lapsed.microseconds])
    return row.map {
      Approval(digest: $0[0], name: $0[1], reason: $0[2], at: Instant(microseconds: $0[3]))
    }
  }

  /// Uses up every approval of the digest. Throws if there is none left.
  func use(_ digest: String, run: RunID) throws {
    try db.execute(
      sql: "UPDATE approval SET used_by = ? WHERE digest = ? AND used_by IS NULL",
      arguments: [try Runs(db: db).number(of: run), digest])
    guard db.changesCount > 0 else {
      throw LedgerError(
        message: "it is not there or was used before; review the plan with 'bellhop plan' and "
          + "approve it again")
    }
  }
}
