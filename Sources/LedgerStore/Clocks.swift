import AccessModel
import GRDB

/// The table `clock`: what the machine's clock said, and whether it was believed.
struct Clocks {
  let db: Database

  func history() throws -> ClockHistory? {
    guard
      let base = try Row.fetchOne(
        db,
        sql: """
          SELECT id, wall, since_boot, boot, instant FROM clock
          WHERE standing <> 'doubted' ORDER BY id DESC LIMIT 1
          """)
    else { return nil }
    let doubted = try Row.fetchOne(
      db,
      sql: """
        SELECT id, wall, since_boot, boot FROM clock
        WHERE standing = 'doubted' AND id > ? ORDER BY id DESC LIMIT 1
        """,
      arguments: [base[0] as Int64])
    return ClockHistory(
      base: reading(base), highest: Instant(microseconds: base[4]), doubted: doubted.map(reading))
  }

  /// Of readings that say the same one after the other only the last is kept.
  func record(_ record: ClockRecord) throws {
    let (word, name, reason) = words(record.standing)
    try db.execute(
      sql: """
        DELETE FROM clock WHERE id = (SELECT max(id) FROM clock) AND standing = ?
          AND standing IN ('sound', 'doubted')
        """,
      arguments: [word])
    let microseconds = Instant(microseconds: 0).adding(record.reading.sinceBoot).microseconds
    try db.execute(
      sql: """
        INSERT INTO clock (wall, since_boot, boot, instant, standing, name, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        record.reading.wall.microseconds, microseconds, record.reading.boot,
        record.instant.microseconds, word, name, reason,
      ])
  }

  private func reading(_ row: Row) -> ClockReading {
    ClockReading(
      wall: Instant(microseconds: row[1]), sinceBoot: .microseconds(row[2] as Int64), boot: row[3])
  }

  private func words(_ standing: ClockStanding) -> (word: String, name: String?, reason: String?) {
    switch standing {
    case .sound: ("sound", nil, nil)
    case .verified(let server): ("verified", server, nil)
    case .released(let name, let reason): ("released", name, reason)
    case .doubted(let reason): ("doubted", nil, reason)
    }
  }
}
