import AccessModel
import GRDB

/// The tables `plan` and `held_plan`: what runs planned, and what waits for an approval.
struct Plans {
  /// Held plans that no run has held for so long are forgotten.
  private static let memory = Duration.seconds(30 * 86_400)

  let db: Database

  func record(_ plan: PlanRecord, target: TargetID, run: RunID) throws {
    let target = try Names<Named.Target>(db).number(of: target)
    let (number, at) = (try Runs(db: db).number(of: run), try Runs(db: db).startedAt(run))
    try db.execute(
      sql: "INSERT INTO plan (run, target, digest, release) VALUES (?, ?, ?, ?)",
      arguments: [number, target, plan.digest, plan.release])
    if plan.isWhole {
      try db.execute(
        sql: "UPDATE held_plan SET is_waiting = 0 WHERE target = ?", arguments: [target])
    } else if let release = plan.release {
      try db.execute(
        sql: "UPDATE held_plan SET is_waiting = 0 WHERE target = ? AND digest = ?",
        arguments: [target, release])
    }
    if let held = plan.held {
      try hold(held, target, run: number, person: try Runs(db: db).record(of: run)?.person, at)
    }
    try db.execute(
      sql: """
        DELETE FROM held_plan WHERE is_waiting = 0 AND target = ?
          AND (SELECT started_at FROM run WHERE run.id = held_plan.run) < ?
        """,
      arguments: [target, at.adding(.zero - Self.memory).microseconds])
  }

  private func hold(
    _ held: PlanRecord.Held, _ target: Int64, run: Int64, person: String?, _ at: Instant
  ) throws {
    var people = Set([person].compactMap(\.self))
    let earlier = try String.fetchOne(
      db, sql: "SELECT people FROM held_plan WHERE target = ? AND digest = ?",
      arguments: [target, held.digest])
    if let earlier { people.formUnion(try JSONText.decode([String].self, earlier)) }
    try db.execute(
      sql: """
        INSERT INTO held_plan
          (target, digest, changes, violations, since, run, people, is_waiting)
        VALUES (?, ?, ?, ?, ?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET
          changes = excluded.changes, violations = excluded.violations, run = excluded.run,
          people = excluded.people, is_waiting = 1
        """,
      arguments: [
        target, held.digest, try JSONText.encode(held.changes),
        try JSONText.encode(held.violations), at.microseconds, run,
        try JSONText.encode(people.sorted()),
      ])
  }

  func held(_ digest: String) throws -> HeldPlan? {
    try all("digest = ? ORDER BY held_plan.run DESC", [digest]).first
  }

  func waiting() throws -> [HeldPlan] {
    try all("is_waiting ORDER BY target.name, digest", [])
  }

  private func all(_ condition: String, _ arguments: StatementArguments) throws -> [HeldPlan] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target.name, digest, changes, violations, since, run.name, people
        FROM held_plan JOIN target ON target.id = held_plan.target
        JOIN run ON run.id = held_plan.run WHERE \(condition)
        """,
      arguments: arguments)
    return try Array(
      rows.map { row in
        HeldPlan(
          target: TargetID(row[0]), digest: row[1],
          changes: try JSONText.decode([Change].self, row[2]),
          violations: try JSONText.decode([String].self, row[3]),
          since: Instant(microseconds: row[4]), run: RunID(row[5]),
          people: try JSONText.decode([String].self, row[6]))
      })
  }

  func targets() throws -> [TargetID] {
    var targets: [TargetID] = []
    try Names<Named.Target>(db).forEachSorted { targets.append($1) }
    return targets
  }
}
