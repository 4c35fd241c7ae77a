import AccessModel
import GRDB

/// What targets' adapters learned: the table `lesson`.
struct Lessons {
  let db: Database

  static let schema = """
    CREATE TABLE lesson (
      target INTEGER NOT NULL REFERENCES target,
      topic TEXT NOT NULL,
      about TEXT NOT NULL,
      text TEXT NOT NULL,
      run INTEGER NOT NULL REFERENCES run,
      PRIMARY KEY (target, topic, about)
    ) STRICT, WITHOUT ROWID;
    """

  /// Sorted by topic, then by what they are about.
  func all(of target: TargetID) throws -> [Lesson] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT topic, about, text FROM lesson JOIN target ON target.id = lesson.target
        WHERE target.name = ? ORDER BY topic, about
        """, arguments: [target.rawValue])
    return rows.map { Lesson(topic: $0["topic"], about: $0["about"], text: $0["text"]) }
  }

  func learn(_ lessons: [Lesson], about target: TargetID, run: RunID) throws {
    let number = try Names<Named.Target>(db).number(of: target)
    let run = try Runs(db: db).number(of: run)
    for lesson in lessons {
      if let text = lesson.text {
        try db.execute(
          sql: """
            INSERT INTO lesson (target, topic, about, text, run) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET text = excluded.text, run = excluded.run
            """, arguments: [number, lesson.topic, lesson.about, text, run])
      } else {
        try db.execute(
          sql: "DELETE FROM lesson WHERE target = ? AND topic = ? AND about = ?",
          arguments: [number, lesson.topic, lesson.about])
      }
    }
  }
}
