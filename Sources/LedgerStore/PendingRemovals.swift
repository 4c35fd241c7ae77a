import AccessModel
import GRDB

/// The table `pending_removal`: what was due and not done, and since when.
struct PendingRemovals {
  let db: Database

  func all() throws -> [PendingRemoval] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target.name, kind, entitlement, subject, account, obstacle, digest, since, reason
        FROM pending_removal JOIN target ON target.id = pending_removal.target
        ORDER BY target.name, since, kind, entitlement, subject, account
        """)
    return try Array(
      rows.map { row in
        guard let obstacle = PendingRemoval.Obstacle(rawValue: row[5]) else {
          throw LedgerError(
            message: "'\(row[5] as String)' is no obstacle; restore a backup (docs/ledger.md)")
        }
        func text(_ column: Int) -> String? {
          let text: String = row[column]
          return text.isEmpty ? nil : text
        }
        return PendingRemoval(
          target: TargetID(row[0]), kind: row[1], group: text(2).map { EntitlementKey($0) },
          subject: text(3).map { SubjectID($0) }, account: text(4).map { AccountKey($0) },
          obstacle: obstacle, digest: row[6], since: Instant(microseconds: row[7]), reason: row[8])
      })
  }

  /// Rows that would not change are left alone, so an uneventful run writes nothing.
  func replace(_ removals: [PendingRemoval], of target: TargetID) throws {
    let number = try Names<Named.Target>(db).number(of: target)
    var gone = Set(try all().filter { $0.target == target }.map(Key.init))
    let insert = try db.makeStatement(
      sql: """
        INSERT INTO pending_removal
          (target, kind, entitlement, subject, account, obstacle, digest, since, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET obstacle = excluded.obstacle, digest = excluded.digest,
          since = min(since, excluded.since), reason = excluded.reason
        WHERE (obstacle, digest, reason)
            IS NOT (excluded.obstacle, excluded.digest, excluded.reason)
          OR excluded.since < since
        """)
    for removal in removals {
      let key = Key(removal)
      gone.remove(key)
      try insert.execute(
        arguments: [number] + key.columns + [
          removal.obstacle.rawValue, removal.digest, removal.since.microseconds,
          removal.reason?.replacing("\0", with: "\u{fffd}"),
        ])
    }
    for key in gone {
      try db.execute(
        sql: """
          DELETE FROM pending_removal WHERE target = ? AND kind = ? AND entitlement = ?
            AND subject = ? AND account = ?
          """,
        arguments: [number] + key.columns)
    }
  }

  /// What tells one removal from another in a target.
  private struct Key: Hashable {
    let kind: Identifier<Key>
    let group: EntitlementKey
    let subject: SubjectID
    let account: AccountKey

    init(_ removal: PendingRemoval) {
      kind = Identifier(removal.kind)
      group = removal.group ?? ""
      subject = removal.subject ?? ""
      // A subject's own account may be known in one run and not in the next.
      account = removal.subject == nil ? removal.account ?? "" : ""
    }

    var columns: StatementArguments {
      [kind.rawValue, group.rawValue, subject.rawValue, account.rawValue]
    }
  }
}
