import AccessModel
import GRDB

/// What we own in one target: the tables `membership`, `account`, `seen_group` and `tombstone`.
///
/// An intended addition is in the table before it is sent, as `intended`, with the number of its
/// intent. A crash therefore leaves behind what the next run needs to know its own work by.
struct OwnershipTable {
  let db: Database
  let target: Int64
  let run: Int64
  let at: Instant
  private let subjects: Names<Named.Subject>
  private let entitlements: Names<Named.Entitlement>
  private let references: References

  init(db: Database, target: TargetID, run: RunID, at: Instant) throws {
    self.db = db
    self.run = try Runs(db: db).number(of: run)
    let targets = Names<Named.Target>(db)
    self.target = try targets.number(of: target)
    self.at = at
    subjects = Names(db)
    entitlements = Names(db)
    references = References(db)
  }

  func number(of subject: SubjectID) throws -> Int64 { try subjects.number(of: subject) }

  func number(of group: EntitlementKey) throws -> Int64 {
    try entitlements.number(of: group)
  }

  /// Keeps a place for what the change would create. A row that is there already stays as it is.
  func intend(_ change: Change, as intent: JournalID) throws {
    switch change {
    case .addMember(let membership, let reason):
      guard let subject = membership.account.subject else { return }
      try execute(
        """
        INSERT INTO membership (target, entitlement, subject, origin, because, intent, run)
        VALUES (?, ?, ?, 'intended', ?, ?, ?) ON CONFLICT DO NOTHING
        """,
        [
          target, try number(of: membership.group), try number(of: subject),
          try references.list(reason.assignments), intent.rawValue, run,
        ])
    case .createAccount(let account, _, let reason):
      guard let subject = account.subject else { return }
      try execute(
        """
        INSERT INTO account (target, subject, origin, because, intent, run)
        VALUES (?, ?, 'intended', ?, ?, ?) ON CONFLICT DO NOTHING
        """,
        [
          target, try number(of: subject), try references.list(reason.assignments),
          intent.rawValue, run,
        ])
    case .updateAccount, .enableAccount, .disableAccount, .deleteAccount, .createGroup,
      .removeMember:
      return
    }
  }

  /// Makes the rows say what the outcome proves, and nothing that it does not.
  func settle(_ change: Change, _ outcome: Outcome, intent: JournalID) throws {
    switch outcome {
    case .unknown: return
    case .refused, .failed: try withdraw(intent, change)
    case .applied: try record(change, outcome, intent: intent, isApplied: true)
    case .alreadyInState: try record(change, outcome, intent: intent, isApplied: false)
    }
  }

  func note(_ note: OwnershipNote) throws {
    switch note {
    case .membership(let group, let subject, let origin, let because):
      try upsertMembership(
        try number(of: group), try number(of: subject), origin, because)
    case .membershipGone(let group, let subject, let changedAt):
      try buryMembership(
        try number(of: group), try number(of: subject), because: nil, changedAt: changedAt)
    case .account(let subject, let identity, let origin, let because):
      try upsertAccount(try number(of: subject), identity, origin, because)
    case .accountGone(let subject):
      try buryAccount(try number(of: subject), because: nil)
    case .group(let key, let immutableID, let origin):
      try upsertGroup(try number(of: key), immutableID, origin)
    }
  }

  /// A group that is found for the first time, after an intent to make it whose answer was lost, is
  /// ours, as a membership would be.
  func resolved(_ note: OwnershipNote) throws -> OwnershipNote {
    guard case .group(let key, let immutableID, .preExisting) = note else { return note }
    let isOurs = try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (
            SELECT 1 FROM intent
            WHERE target = ? AND entitlement = ? AND kind = 'createGroup' AND coalesce(
              (SELECT outcome FROM outcome WHERE intent = intent.id ORDER BY outcome.id DESC LIMIT 1),
              'unknown') = 'unknown')
          AND NOT EXISTS (SELECT 1 FROM seen_group WHERE target = ? AND entitlement = ?)
          """),
      arguments: [target, try number(of: key), target, try number(of: key)])
    return isOurs == true ? .group(key, immutableID: immutableID, origin: .created) : note
  }

  private func record(
    _ change: Change, _ outcome: Outcome, intent: JournalID, isApplied: Bool
  ) throws {
    switch change {
    case .addMember(let membership, let reason):
      guard let subject = membership.account.subject else { return }
      let (entitlement, subjectNumber) = (
        try number(of: membership.group), try number(of: subject)
      )
      let before = try Existing.membership(db, target, entitlement, subjectNumber)
      try upsertMembership(
        entitlement, subjectNumber,
        Existing.origin(after: before, intent: intent, isApplied: isApplied), reason.assignments)
    case .removeMember(let membership, let ending):
      guard let subject = membership.account.subject else { return }
      try buryMembership(
        try number(of: membership.group), try number(of: subject), because: ending,
        changedAt: outcome.changedAt)
    case .createAccount(let account, _, let reason):
      guard let subject = account.subject, let identity = outcome.identity ?? account.identity
      else { return }
      let subjectNumber = try number(of: subject)
      let before = try Existing.account(db, target, subjectNumber)
      // Found instead of made, it carries our anchor: an earlier try of ours made it.
      try upsertAccount(
        subjectNumber, identity,
        Existing.origin(after: before, intent: intent, isApplied: true), reason.assignments)
      if isApplied { try clearDisabled(subjectNumber) }
    case .updateAccount(let account, _, let reason):
      try refreshAccount(account, outcome.identity, because: reason.assignments)
    case .enableAccount(let account, _, _, let reason):
      try refreshAccount(account, outcome.identity, because: reason.assignments)
      if let subject = account.subject { try clearDisabled(try number(of: subject)) }
    case .disableAccount(let account, _, let ending):
      try refreshAccount(account, outcome.identity, because: nil)
      guard let subject = account.subject else { return }
      try markDisabled(try number(of: subject), because: ending, again: isApplied)
    case .deleteAccount(let account, let ending):
      guard let subject = account.subject else { return }
      try buryAccount(try number(of: subject), because: ending)
    case .createGroup(let key, _):
      guard let immutableID = outcome.groupID else { return }
      let group = try number(of: key)
      let before = try Existing.group(db, target, group, immutableID: immutableID)
      try upsertGroup(
        group, immutableID,
        Existing.origin(after: before, intent: intent, isApplied: isApplied))
    }
  }

  /// Takes back the place that this very intent kept; an earlier intent's stays.
  private func withdraw(_ intent: JournalID, _ change: Change) throws {
    guard let subject = change.account?.subject else { return }
    switch change {
    case .addMember(let membership, _):
      try execute(
        """
        DELETE FROM membership
        WHERE target = ? AND entitlement = ? AND subject = ? AND origin = 'intended' AND intent = ?
        """,
        [target, try number(of: membership.group), try number(of: subject), intent.rawValue])
    case .createAccount:
      try execute(
        """
        DELETE FROM account
        WHERE target = ? AND subject = ? AND origin = 'intended' AND intent = ?
        """,
        [target, try number(of: subject), intent.rawValue])
    case .updateAccount, .enableAccount, .disableAccount, .deleteAccount, .createGroup,
      .removeMember:
      return
    }
  }

  private func upsertMembership(
    _ entitlement: Int64, _ subject: Int64, _ origin: Ownership.Origin,
    _ because: [AssignmentReference]
  ) throws {
    try execute(
      """
      INSERT INTO membership (target, entitlement, subject, origin, because, run)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        origin = excluded.origin, because = excluded.because, intent = NULL, run = excluded.run
      """,
      [target, entitlement, subject, origin.rawValue, try references.list(because), run])
  }

  private func buryMembership(
    _ entitlement: Int64, _ subject: Int64, because: Ending?, changedAt: Instant?
  ) throws {
    try execute(
      """
      INSERT INTO tombstone
        (target, entitlement, subject, origin, because, removed_at, ending, changed_at, run)
      SELECT target, entitlement, subject, origin, because, ?, ?, ?, ? FROM membership
      WHERE target = ? AND entitlement = ? AND subject = ?
      """,
      [
        at.microseconds, try because.map(JSONText.encode), changedAt?.microseconds, run, target,
        entitlement, subject,
      ])
    try execute(
      "DELETE FROM membership WHERE target = ? AND entitlement = ? AND subject = ?",
      [target, entitlement, subject])
  }

  /// Whether the account is disabled is left as it was: noting it does not enable it.
  private func upsertAccount(
    _ subject: Int64, _ identity: AccountIdentity, _ origin: Ownership.Origin,
    _ because: [AssignmentReference]
  ) throws {
    try execute(
      """
      INSERT INTO account (target, subject, key, immutable_id, origin, because, run)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET key = excluded.key, immutable_id = excluded.immutable_id,
        origin = excluded.origin, because = excluded.because, intent = NULL, run = excluded.run
      """,
      [
        target, subject, try storable(identity.key),
        try storable(Identifier<Void>(identity.immutableID)), origin.rawValue,
        try references.list(because), run,
      ])
  }

  /// Writing to an account proves that it is there, so one that was only intended is ours. While
  /// memberships of it are left the name stays that groups may list it by: only a note, which comes of
  /// a reading that looked at them, replaces it.
  private func refreshAccount(
    _ account: AccountReference, _ moved: AccountIdentity?, because: [AssignmentReference]?
  ) throws {
    guard let subject = account.subject, let identity = moved ?? account.identity else { return }
    try execute(
      """
      UPDATE account SET
        key = iif(
          key IS NOT NULL AND EXISTS (
            SELECT 1 FROM membership WHERE membership.target = account.target
              AND membership.subject = account.subject AND membership.origin <> 'preExisting'),
          key, ?),
        immutable_id = ?, because = coalesce(?, because), run = ?,
        origin = iif(origin = 'intended', 'created', origin), intent = NULL
      WHERE target = ? AND subject = ?
      """,
      [
        try storable(identity.key), try storable(Identifier<Void>(identity.immutableID)),
        try because.map { try references.list($0) }, run, target, try number(of: subject),
      ])
  }

  private func clearDisabled(_ subject: Int64) throws {
    try execute(
      """
      UPDATE account SET disabled_at = NULL, disabled_because = NULL
      WHERE target = ? AND subject = ?
      """,
      [target, subject])
  }

  /// An account found disabled keeps the instant and the ending it was disabled with.
  private func markDisabled(_ subject: Int64, because ending: Ending, again: Bool) throws {
    try execute(
      """
      UPDATE account SET disabled_at = ?, disabled_because = ?
      WHERE target = ? AND subject = ? AND (? OR disabled_at IS NULL)
      """,
      [at.microseconds, try JSONText.encode(ending), target, subject, again])
  }

  private func buryAccount(_ subject: Int64, because: Ending?) throws {
    try execute(
      """
      INSERT INTO tombstone
        (target, subject, origin, because, key, immutable_id, removed_at, ending, run)
      SELECT target, subject, origin, because, key, immutable_id, ?, ?, ? FROM account
      WHERE target = ? AND subject = ?
      """,
      [at.microseconds, try because.map(JSONText.encode), run, target, subject])
    try execute("DELETE FROM account WHERE target = ? AND subject = ?", [target, subject])
  }

  private func upsertGroup(
    _ entitlement: Int64, _ immutableID: String, _ origin: Ownership.Origin
  ) throws {
    try execute(
      """
      INSERT INTO seen_group (target, entitlement, immutable_id, origin, run)
      VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        immutable_id = excluded.immutable_id, origin = excluded.origin, run = excluded.run
      """,
      [
        target, entitlement, try storable(Identifier<Void>(immutableID)), origin.rawValue, run,
      ])
  }

  private func execute(_ sql: String, _ arguments: StatementArguments) throws {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
  }
}
