import AccessModel
import GRDB

/// The table `known_assignment`: end instants outlive their source's absence.
struct KnownAssignments {
  let db: Database

  /// Rows that would not change are left alone, so an uneventful run writes nothing.
  func remember(_ assignments: [KnownAssignment], run: RunID) throws {
    let run = try Runs(db: db).number(of: run)
    let references = References(db)
    let subjects = Names<Named.Subject>(db)
    let packages = Names<PackageName>(db)
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO known_assignment
          (reference, subject, package, starts_at, ends_at, missing_since, ending, run)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (reference) DO UPDATE SET
          subject = excluded.subject, package = excluded.package,
          starts_at = excluded.starts_at, ends_at = excluded.ends_at,
          missing_since = excluded.missing_since, ending = excluded.ending, run = excluded.run
        WHERE (subject, package, starts_at, ends_at, missing_since, ending)
          IS NOT (excluded.subject, excluded.package, excluded.starts_at, excluded.ends_at,
            excluded.missing_since, excluded.ending)
        """)
    for assignment in assignments {
      try statement.execute(arguments: [
        try references.number(of: assignment.reference),
        try subjects.number(of: assignment.subject),
        try packages.number(of: Identifier(assignment.package)),
        assignment.validity.start.microseconds, assignment.validity.end?.microseconds,
        assignment.missingSince?.microseconds, try assignment.ending.map(JSONText.encode), run,
      ])
    }
  }

  func all(of source: SourceID) throws -> [KnownAssignment] {
    guard let number = try Names<Named.Source>(db).existingNumber(of: source) else { return [] }
    var subjects: [Int64: SubjectID] = [:]
    var packages: [Int64: String] = [:]
    try Names<Named.Subject>(db).forEachSorted { subjects[$0] = $1 }
    try Names<PackageName>(db).forEachSorted { packages[$0] = $1.rawValue }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT assignment, subject, package, starts_at, ends_at, missing_since, ending
        FROM reference JOIN known_assignment ON reference = reference.id
        WHERE source = ? ORDER BY assignment
        """,
      arguments: [number])
    var assignments: [KnownAssignment] = []
    while let row = try rows.next() {
      guard let subject = subjects[row[1]], let package = packages[row[2]] else {
        throw LedgerError(
          message: "the subject or the access package of an assignment is gone; restore a backup "
            + "(docs/ledger.md)")
      }
      assignments.append(
        KnownAssignment(
          reference: AssignmentReference(source: source, id: AssignmentID(row[0])),
          subject: subject, package: package,
          validity: Validity(
            start: Instant(microseconds: row[3]),
            end: (row[4] as Int64?).map(Instant.init(microseconds:))),
          missingSince: (row[5] as Int64?).map(Instant.init(microseconds:)),
          ending: try (row[6] as String?).map { try JSONText.decode(Ending.self, $0) }))
    }
    return assignments
  }

  func sources() throws -> [SourceID] {
    try String.fetchAll(
      db,
      sql: """
        SELECT name FROM source WHERE EXISTS (
          SELECT 1 FROM reference JOIN known_assignment ON reference = reference.id
          WHERE source = source.id)
        ORDER BY name
        """
    ).map { SourceID($0) }
  }
}
