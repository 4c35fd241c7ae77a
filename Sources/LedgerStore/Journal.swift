import AccessModel
import GRDB

/// The tables `intent` and `outcome`: what was meant, before it was done, and what became of it.
struct Journal {
  /// Those that the limits count, as SQL.
  private static let limitedCauses = Cause.allCases.filter(\.isLimited)
    .map { "'\($0.rawValue)'" }.joined(separator: ", ")

  let db: Database

  func intend(
    _ changes: [Change], target: TargetID, run: RunID, at: Instant, chain: Chain
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
      let (subject, group) = (change.account?.subject, change.group)
      let (cause, text) = (change.ending?.cause.rawValue, try JSONText.encode(change))
      try statement.execute(arguments: [
        ownership.run, ownership.target, at.microseconds, change.kind, change.phase.rawValue,
        try subject.map { try ownership.number(of: $0) },
        try group.map { try ownership.number(of: $0) }, cause, text,
      ])
      let id = JournalID(db.lastInsertedRowID)
      var content = RecordContent()
      content.append(run.rawValue)
      content.append(target.rawValue)
      content.append(at.microseconds)
      content.append(change.kind)
      content.append(Int64(change.phase.rawValue))
      content.append(subject?.rawValue)
      content.append(group?.rawValue)
      content.append(cause)
      content.append(text)
      try chain.append(.intent, row: id.rawValue, content: content)
      try ownership.intend(change, as: id)
      ids.append(id)
    }
    return ids
  }

  /// Throws if an outcome does not belong to what was intended, or comes after a final one. After
  /// `unknown` a second one may come, once a reading has told.
  func settle(
    _ outcomes: [(JournalID, Change, Outcome)], target: TargetID, run: RunID, at: Instant,
    chain: Chain
  ) throws {
    let ownership = try OwnershipTable(db: db, target: target, run: run, at: at)
    try Runs(db: db).touch(ownership.run, at: at)
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO outcome (intent, run, at, outcome, disposition, detail)
        VALUES (?, ?, ?, ?, ?, ?)
        """)
    for (id, change, outcome) in outcomes {
      try requireOpenIntent(id, of: change, ownership)
      // SQLite would end the text at a NUL, and the record would not be what was hashed.
      let detail = outcome.detail?.replacing("\0", with: "\u{fffd}")
      try statement.execute(arguments: [
        id.rawValue, ownership.run, at.microseconds, outcome.word, outcome.disposition?.rawValue,
        detail,
      ])
      var content = RecordContent()
      content.append(id.rawValue)
      content.append(run.rawValue)
      content.append(at.microseconds)
      content.append(outcome.word)
      content.append(outcome.disposition?.rawValue)
      content.append(detail)
      try chain.append(.outcome, row: db.lastInsertedRowID, content: content)
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
    if let after = query.after {
      conditions += " AND intent.id > ?"
      arguments += [after.rawValue]
    }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT intent.id, run.name, target.name, intent.change, intent.at,
          outcome.outcome, outcome.detail, outcome.at, plan.digest, approval.digest,
          approval.name, approval.reason, approval.at, approval.person
        FROM intent JOIN run ON run.id = intent.run JOIN target ON target.id = intent.target
        LEFT JOIN plan ON plan.run = intent.run AND plan.target = intent.target
        LEFT JOIN approval ON approval.id = (SELECT max(id) FROM approval AS given
          WHERE given.used_by = intent.run AND given.digest = plan.release
            AND intent.cause IN (\(Self.limitedCauses)))
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
          settledAt: (row[7] as Int64?).map(Instant.init(microseconds:)), plan: row[8],
          approval: (row[9] as String?) == nil ? nil : Approval(row, from: 9))
      })
  }

  /// An intent without an outcome, or with an unknown one, counts: the process may have died between
  /// the write and the record of it.
  func removals(from start: Instant, through end: Instant) throws -> Set<RecordedRemoval> {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target.name, intent.change
        FROM intent JOIN target ON target.id = intent.target
        LEFT JOIN outcome
          ON outcome.id = (SELECT max(id) FROM outcome AS latest WHERE latest.intent = intent.id)
        WHERE intent.cause IN (\(Self.limitedCauses)) AND intent.at BETWEEN ? AND ?
          AND coalesce(outcome.outcome, 'unknown') IN ('applied', 'unknown')
        """,
      arguments: [start.microseconds, end.microseconds])
    var removals: Set<RecordedRemoval> = []
    while let row = try rows.next() {
      removals.insert(
        RecordedRemoval(try JSONText.decode(Change.self, row[1]), in: TargetID(row[0])))
    }
    return removals
  }

  /// The columns say whether it is the same change; its whole text need not be made again.
  private func requireOpenIntent(
    _ id: JournalID, of change: Change, _ ownership: OwnershipTable
  ) throws {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT (SELECT outcome FROM outcome WHERE intent = intent.id
            ORDER BY outcome.id DESC LIMIT 1)
          FROM intent WHERE id = ? AND target = ? AND kind = ? AND subject IS ?
            AND entitlement IS ? AND cause IS ?
          """),
      arguments: [
        id.rawValue, ownership.target, change.kind,
        try change.account?.subject.map { try ownership.number(of: $0) },
        try change.group.map { try ownership.number(of: $0) }, change.ending?.cause.rawValue,
      ])
    guard let row else {
      throw LedgerError(
        message: "an outcome names entry \(id.rawValue), where this change was not intended")
    }
    let outcome: String? = row[0]
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
