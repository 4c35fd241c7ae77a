import AccessModel
import GRDB

/// Reads what we own in one target into the model's interned form.
///
/// Rows stay numbers until the last step, in flat arrays: a million memberships are read in seconds
/// and take some tens of MiB.
struct OwnershipReader {
  let db: Database

  private struct MembershipRows {
    var groups: ContiguousArray<Int32> = []
    var subjects: ContiguousArray<Int32> = []
    var origins: ContiguousArray<Ownership.Origin> = []
    var because = NumberLists()
  }

  func ownership(of target: TargetID) throws -> Ownership {
    guard let number = try Names<Named.Target>(db).existingNumber(of: target) else {
      return Ownership(target: target)
    }
    let memberships = try membershipRows(of: number)
    let accountReasons = try accountReasons(of: number)
    let groups = try names(of: memberships.groups, in: Names<Named.Entitlement>(db))
    let subjects = try names(of: memberships.subjects, in: Names<Named.Subject>(db))
    var references = Positions<AssignmentReference>(
      of: memberships.because.numbers, accountReasons.numbers)
    try References(db).forEach { references.offer($1, number: $0) }
    try references.requireComplete()

    let indices = ContiguousArray(
      memberships.groups.indices.map { row in
        MembershipIndex(
          group: Int(groups[memberships.groups[row]]),
          account: Int(subjects[memberships.subjects[row]]))
      })
    var order = ContiguousArray(indices.indices)
    order.sort { indices[$0] < indices[$1] }
    var reasons = Justifications(assignments: references.names)
    for row in order { reasons.append(memberships.because[row].lazy.map { references[$0] }) }

    return Ownership(
      target: target,
      accounts: try accounts(of: number, accountReasons, references),
      groups: try seenGroups(of: number), groupKeys: groups.names, subjects: subjects.names,
      memberships: MembershipSet(ContiguousArray(order.map { indices[$0] })),
      origins: ContiguousArray(order.map { memberships.origins[$0] }), reasons: reasons,
      tombstones: try TombstoneReader(db: db).tombstones(of: number))
  }

  private func membershipRows(of target: Int64) throws -> MembershipRows {
    var result = MembershipRows()
    let rows = try Row.fetchCursor(
      db, sql: "SELECT entitlement, subject, origin, because FROM membership WHERE target = ?",
      arguments: [target])
    while let row = try rows.next() {
      result.groups.append(row[0])
      result.subjects.append(row[1])
      result.origins.append(try originWord(row[2]))
      try result.because.append(parsing: row[3])
    }
    return result
  }

  private func names<Kind>(
    of numbers: ContiguousArray<Int32>, in table: Names<Kind>
  ) throws -> Positions<Identifier<Kind>> {
    var positions = Positions<Identifier<Kind>>(of: numbers)
    try table.forEachSorted { positions.offer($1, number: $0) }
    try positions.requireComplete()
    return positions
  }

  private static let accountsBySubject = """
    FROM account JOIN subject ON subject.id = account.subject WHERE target = ? ORDER BY name
    """

  private func accountReasons(of target: Int64) throws -> NumberLists {
    var result = NumberLists()
    let rows = try String.fetchCursor(
      db, sql: "SELECT because \(Self.accountsBySubject)", arguments: [target])
    while let list = try rows.next() { try result.append(parsing: list) }
    return result
  }

  /// An account that was only intended has no identity yet: empty texts, which match nothing.
  private func accounts(
    of target: Int64, _ reasons: NumberLists, _ references: Positions<AssignmentReference>
  ) throws -> [Ownership.Account] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT name, coalesce(key, ''), coalesce(immutable_id, ''), origin, disabled_at,
          disabled_because \(Self.accountsBySubject)
        """,
      arguments: [target])
    var accounts: [Ownership.Account] = []
    while let row = try rows.next() {
      accounts.append(
        Ownership.Account(
          subject: SubjectID(row[0]),
          identity: AccountIdentity(key: AccountKey(row[1]), immutableID: row[2]),
          origin: try originWord(row[3]),
          because: reasons[accounts.count].map { references.name($0) },
          disabledAt: (row[4] as Int64?).map(Instant.init(microseconds:)),
          disabledBecause: try (row[5] as String?).map { try JSONText.decode(Ending.self, $0) }))
    }
    return accounts
  }

  private func seenGroups(of target: Int64) throws -> [Ownership.Group] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT name, immutable_id, origin
        FROM seen_group JOIN entitlement ON entitlement.id = entitlement
        WHERE target = ? ORDER BY name
        """,
      arguments: [target])
    return try Array(
      rows.map { row in
        Ownership.Group(
          key: EntitlementKey(row[0]), immutableID: row[1], origin: try originWord(row[2]))
      })
  }
}
