import AccessModel
import GRDB

/// The table `run`: every other record names the run that wrote it.
struct Runs {
  let db: Database

  /// Gives the number of the new row.
  func begin(_ run: RunRecord) throws -> Int64 {
    guard try find(run.id) == nil else {
      throw LedgerError(message: "it has begun before; every run needs a name of its own")
    }
    try db.execute(
      sql: """
        INSERT INTO run (name, command, actor, person, configuration, mappings, saved_plan, undoes,
          started_at, last_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        try storable(run.id), run.command, run.actor, run.person, run.configuration, run.mappings,
        run.savedPlan, try run.undoes.map(number), run.startedAt.microseconds,
        run.startedAt.microseconds,
      ])
    return db.lastInsertedRowID
  }

  /// Gives the number of the row.
  func end(_ run: RunID, at: Instant, summary: RunSummary) throws -> Int64 {
    let number = try number(of: run)
    try db.execute(
      sql: "UPDATE run SET ended_at = ?, last_at = max(last_at, ?), summary = ? WHERE id = ?",
      arguments: [at.microseconds, at.microseconds, try JSONText.encode(summary), number])
    guard db.changesCount == 1 else { throw LedgerError(message: "run \(run) is gone") }
    return number
  }

  func newest(_ limit: Int) throws -> [RunRecord] {
    try records("ORDER BY run.id DESC LIMIT ?", [max(0, limit)])
  }

  func record(of run: RunID) throws -> RunRecord? {
    try records("WHERE run.name = ?", [run.rawValue]).first
  }

  func applied(savedPlan digest: String) throws -> RunID? {
    try String.fetchOne(
      db, sql: "SELECT name FROM run WHERE saved_plan = ? ORDER BY id LIMIT 1",
      arguments: [digest]
    ).map { RunID($0) }
  }

  private func records(_ selection: String, _ arguments: StatementArguments) throws -> [RunRecord] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT run.name, run.command, run.actor, run.started_at, run.ended_at, run.summary,
          run.person, run.configuration, run.mappings, run.saved_plan, undone.name
        FROM run LEFT JOIN run AS undone ON undone.id = run.undoes \(selection)
        """,
      arguments: arguments)
    return try Array(
      rows.map { row in
        RunRecord(
          id: RunID(row[0]), command: row[1], actor: row[2], person: row[6],
          configuration: row[7], mappings: row[8], savedPlan: row[9],
          undoes: (row[10] as String?).map { RunID($0) },
          startedAt: Instant(microseconds: row[3]),
          endedAt: (row[4] as Int64?).map(Instant.init(microseconds:)),
          summary: try (row[5] as String?).map { try JSONText.decode(RunSummary.self, $0) })
      })
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
