import AccessModel
import GRDB

/// The table `run`: every other record names the run that wrote it.
struct Runs {
  let db: Database

  func begin(_ run: RunRecord) throws {
    guard try find(run.id) == nil else {
      throw LedgerError(message: "it has begun before; every run needs a name of its own")
    }
    try db.execute(
      sql: """
        INSERT INTO run (name, command, actor, started_at, last_at, ended_at, summary)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        try storable(run.id), run.command, run.actor, run.startedAt.microseconds,
        max(run.startedAt, run.endedAt ?? run.startedAt).microseconds, run.endedAt?.microseconds,
        try run.summary.map(JSONText.encode),
      ])
  }

  func end(_ run: RunID, at: Instant, summary: RunSummary) throws {
    try db.execute(
      sql: "UPDATE run SET ended_at = ?, last_at = max(last_at, ?), summary = ? WHERE id = ?",
      arguments: [
        at.microseconds, at.microseconds, try JSONText.encode(summary), try number(of: run),
      ])
  }

  func newest(_ limit: Int) throws -> [RunRecord] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT name, command, actor, started_at, ended_at, summary FROM run
        ORDER BY id DESC LIMIT ?
        """,
      arguments: [max(0, limit)])
    return try Array(
      rows.map { row in
        RunRecord(
          id: RunID(row[0]), command: row[1], actor: row[2],
          startedAt: Instant(microseconds: row[3]),
          endedAt: (row[4] as Int64?).map(Instant.init(microseconds:)),
          summary: try (row[5] as String?).map { try JSONText.decode(RunSummary.self, $0) })
      })
  }

  func highestInstant() throws -> Instant? {
    try Int64.fetchOne(
      db,
      sql: """
        SELECT max(at) FROM (SELECT max(last_at) AS at FROM run UNION ALL SELECT max(at) FROM approval)
        """
    ).map(Instant.init(microseconds:))
  }

  func startedAt(_ run: RunID) throws -> Instant {
    Instant(
      microseconds: try Int64.fetchOne(
        db, sql: "SELECT started_at FROM run WHERE id = ?", arguments: [try number(of: run)]) ?? 0)
  }

  /// Throws if the run was never begun.
  func number(of run: RunID) throws -> Int64 {
    guard let number = try find(run) else {
      throw LedgerError(message: "run \(run) was never begun, so nothing can be recorded for it")
    }
    return number
  }

  /// Remembers that the run recorded something at an instant.
  func touch(_ run: Int64, at: Instant) throws {
    try db.execute(
      sql: "UPDATE run SET last_at = max(last_at, ?) WHERE id = ?",
      arguments: [at.microseconds, run])
  }

  private func find(_ run: RunID) throws -> Int64? {
    try Int64.fetchOne(
      db, sql: "SELECT id FROM run WHERE name = ?", arguments: [run.rawValue])
  }
}
