import AccessModel
import GRDB

/// The tables `intent` and `outcome`: what was meant, before it was done, and what became of it.
struct Journal {
  let db: Database

  func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant
  ) throws -> [JournalID] {
    let ownership = try OwnershipTable(db: db, target: target, run: run, at: at)
    try Runs(db: db).touch(ownership.run, at: at)
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO intent (run, target, at, kind, phase, subject, entitlement, cause, change)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    var ids: [JournalID] = []
    for change in changes {
      try statement.execute(arguments: [
        ownership.run, ownership.target, at.microseconds, change.kind, change.phase.rawValue,
        try change.account?.subject.map { try ownership.number(of: $0) },
        try change.group.map { try ownership.number(of: $0) },
        change.ending?.cause.rawValue, try JSONText.encode(change),
      ])
      let id = JournalID(db.lastInsertedRowID)
      try ownership.intend(change, as: id)
      ids.append(id)
    }
    return ids
  }

  /// Throws if an outcome does not belong to what was intended, or comes after a final one. After
  /// `unknown` a second one may come, once a reading has told.
  func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant
  ) throws {
    let ownership = try OwnershipTable(db: db, target: target, run: run, at: at)
    try Runs(db: db).touch(ownership.run, at: at)
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO outcome (intent, run, at, outcome, disposition, detail)
        VALUES (?, ?, ?, ?, ?, ?)
        """)
    for (id, change, outcome) in outcomes {
      try requireOpenIntent(id, of: change, target: ownership.target)
      try statement.execute(arguments: [
        id.rawValue, ownership.run, at.microseconds, outcome.word, outcome.disposition?.rawValue,
        outcome.detail,
      ])
      try ownership.settle(change, outcome, intent: id)
    }
  }

  func entries(_ query: JournalQuery) throws -> [JournalEntry] {
    var conditions = "TRUE"
    var arguments: StatementArguments = []
    func narrow(_ column: String, to name: String?) {
      guard let name else { return }
      conditions += " AND intent.\(column) = (SELECT id FROM \(column) WHERE name = ?)"
      arguments += [name]
    }
    narrow("run", to: query.run?.rawValue)
    narrow("target", to: query.target?.rawValue)
    narrow("subject", to: query.subject?.rawValue)
    narrow("entitlement", to: query.group?.rawValue)
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT intent.id, run.name, target.name, intent.change, intent.at,
          outcome.outcome, outcome.detail, outcome.at
        FROM intent JOIN run ON run.id = intent.run JOIN target ON target.id = intent.target
        LEFT JOIN outcome
          ON outcome.id = (SELECT max(id) FROM outcome AS latest WHERE latest.intent = intent.id)
        WHERE \(conditions) ORDER BY intent.id DESC LIMIT ?
        """,
      arguments: arguments + [max(0, query.limit)])
    return try Array(
      rows.map { row in
        JournalEntry(
          id: JournalID(row[0]), run: RunID(row[1]), target: TargetID(row[2]),
          change: try JSONText.decode(Change.self, row[3]),
          intendedAt: Instant(microseconds: row[4]), outcome: row[5], detail: row[6],
          settledAt: (row[7] as Int64?).map(Instant.init(microseconds:)))
      })
  }

  func removals(since: Instant) throws -> [RecordedRemoval] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target.name, intent.change
        FROM outcome JOIN intent ON intent.id = outcome.intent
        JOIN target ON target.id = intent.target
        WHERE outcome.at >= ? AND outcome.outcome = 'applied'
          AND intent.cause IN ('absent', 'unmapped')
        ORDER BY outcome.id
        """,
      arguments: [since.microseconds])
    return try Array(
      rows.map { row in
        let change = try JSONText.decode(Change.self, row[1])
        return RecordedRemoval(
          target: TargetID(row[0]), group: change.group,
          assignment: change.ending?.assignment)
      })
  }

  private func requireOpenIntent(_ id: JournalID, of change: Change, target: Int64) throws {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT change, (SELECT outcome FROM outcome WHERE intent = intent.id
            ORDER BY outcome.id DESC LIMIT 1)
          FROM intent WHERE id = ? AND target = ?
          """),
      arguments: [id.rawValue, target])
    let encoded = try JSONText.encode(change)
    guard let row, (row[0] as String).utf8.elementsEqual(encoded.utf8) else {
      throw LedgerError(
        message: "an outcome names entry \(id.rawValue), where this change was not intended")
    }
    let outcome: String? = row[1]
    guard outcome == nil || outcome == Outcome.unknown(reason: "").word else {
      throw LedgerError(message: "entry \(id.rawValue) has its outcome already")
    }
  }
}

extension Outcome {
  fileprivate var disposition: Disposition? {
    switch self {
    case .failed(let disposition, _): disposition
    case .applied, .alreadyInState, .refused, .unknown: nil
    }
  }
}
