import AccessModel
import GRDB

/// Reads the table `tombstone`: what was ours and ended.
struct TombstoneReader {
  /// `because` is a list of assignments as everywhere; rows of older versions have none and prove
  /// nothing. `changed_at` is by the target's clock.
  static let schema = """
    ALTER TABLE tombstone ADD COLUMN because TEXT;
    ALTER TABLE tombstone ADD COLUMN key TEXT;
    ALTER TABLE tombstone ADD COLUMN changed_at INTEGER;
    CREATE INDEX tombstone_thing ON tombstone (target, entitlement, subject);
    """

  /// What was only intended is ours if we removed it, and nobody's if it was not there.
  private static let wasOurs = """
    because IS NOT NULL AND (origin IN ('created', 'adopted')
      OR origin = 'intended' AND ending IS NOT NULL)
    """

  let db: Database

  func tombstones(of target: Int64) throws -> Tombstones {
    let memberships = try Row.fetchAll(
      db,
      sql: """
        SELECT entitlement.name, subject.name, origin, because, removed_at, changed_at
        FROM tombstone JOIN entitlement ON entitlement.id = entitlement
          JOIN subject ON subject.id = subject
        WHERE tombstone.id IN (SELECT max(id) FROM tombstone
            WHERE target = ? AND entitlement IS NOT NULL GROUP BY entitlement, subject)
          AND NOT EXISTS (SELECT 1 FROM membership WHERE membership.target = tombstone.target
            AND membership.entitlement = tombstone.entitlement
            AND membership.subject = tombstone.subject)
          AND \(Self.wasOurs)
        """,
      arguments: [target])
    let accounts = try Row.fetchAll(
      db,
      sql: """
        SELECT name, key, immutable_id, origin, because, removed_at
        FROM tombstone JOIN subject ON subject.id = subject
        WHERE tombstone.id IN (SELECT max(id) FROM tombstone
            WHERE target = ? AND entitlement IS NULL GROUP BY subject)
          AND key IS NOT NULL AND immutable_id IS NOT NULL AND \(Self.wasOurs)
        """,
      arguments: [target])
    guard !memberships.isEmpty || !accounts.isEmpty else { return Tombstones() }

    var reasons = NumberLists()
    for row in memberships { try reasons.append(parsing: row[3]) }
    for row in accounts { try reasons.append(parsing: row[4]) }
    var references = Positions<AssignmentReference>(of: reasons.numbers)
    try References(db).forEach { references.offer($1, number: $0) }
    try references.requireComplete()
    return Tombstones(
      memberships: try memberships.enumerated().map { number, row in
        Tombstones.Membership(
          group: EntitlementKey(row[0]), subject: SubjectID(row[1]),
          origin: try originWord(row[2]), because: reasons[number].map { references.name($0) },
          endedAt: Instant(microseconds: row[4]),
          changedAt: (row[5] as Int64?).map(Instant.init(microseconds:)))
      },
      accounts: try accounts.enumerated().map { number, row in
        Tombstones.Account(
          subject: SubjectID(row[0]),
          identity: AccountIdentity(key: AccountKey(row[1]), immutableID: row[2]),
          origin: try originWord(row[3]),
          because: reasons[memberships.count + number].map { references.name($0) },
          endedAt: Instant(microseconds: row[5]))
      })
  }
}
