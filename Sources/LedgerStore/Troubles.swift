import AccessModel
import GRDB

/// The table `trouble`: what failed in run after run, and what is set aside for it.
struct Troubles {
  let db: Database

  func all() throws -> [Trouble] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target.name, subject, failures, first_at, last_at, quarantined_at, reason
        FROM trouble JOIN target ON target.id = trouble.target ORDER BY target.name, subject
        """)
    return try Array(
      rows.map { row in
        let subject: String = row[1]
        return Trouble(
          target: TargetID(row[0]), subject: subject.isEmpty ? nil : SubjectID(subject),
          failures: row[2], firstAt: Instant(microseconds: row[3]),
          lastAt: Instant(microseconds: row[4]),
          quarantinedAt: (row[5] as Int64?).map(Instant.init(microseconds:)), reason: row[6])
      })
  }

  func replace(_ troubles: [Trouble], of target: TargetID) throws {
    let number = try Names<Named.Target>(db).number(of: target)
    try db.execute(sql: "DELETE FROM trouble WHERE target = ?", arguments: [number])
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO trouble (target, subject, failures, first_at, last_at, quarantined_at, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """)
    for trouble in troubles {
      try statement.execute(arguments: [
        number, trouble.subject?.rawValue ?? "", trouble.failures, trouble.firstAt.microseconds,
        trouble.lastAt.microseconds, trouble.quarantinedAt?.microseconds, trouble.reason,
      ])
    }
  }
}
