import AccessModel
import GRDB

/// What the tables said of a thing before a change to it was settled.
struct Existing {
  let origin: Ownership.Origin
  /// The intent that keeps the place of something `intended`.
  let intent: Int64?

  /// What applied is ours. What was there already is ours if we own it or an earlier intent meant to
  /// make it; otherwise someone else's, also where this very intent kept its place.
  static func origin(
    after before: Existing?, intent: JournalID, isApplied: Bool
  ) -> Ownership.Origin {
    guard !isApplied else { return .created }
    guard let before else { return .preExisting }
    guard before.origin == .intended else { return before.origin }
    return before.intent == intent.rawValue ? .preExisting : .created
  }

  static func membership(
    _ db: Database, _ target: Int64, _ entitlement: Int64, _ subject: Int64
  ) throws -> Existing? {
    try fetch(
      db,
      """
      SELECT origin, intent FROM membership WHERE target = ? AND entitlement = ? AND subject = ?
      """,
      [target, entitlement, subject])
  }

  static func account(_ db: Database, _ target: Int64, _ subject: Int64) throws -> Existing? {
    try fetch(
      db, "SELECT origin, intent FROM account WHERE target = ? AND subject = ?", [target, subject])
  }

  /// A group of the same name with another immutable id is another group.
  static func group(
    _ db: Database, _ target: Int64, _ entitlement: Int64, immutableID: String
  ) throws -> Existing? {
    try fetch(
      db,
      """
      SELECT origin, NULL FROM seen_group
      WHERE target = ? AND entitlement = ? AND immutable_id = ?
      """,
      [target, entitlement, immutableID])
  }

  private static func fetch(
    _ db: Database, _ sql: String, _ arguments: StatementArguments
  ) throws -> Existing? {
    guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments) else {
      return nil
    }
    return Existing(origin: try originWord(row[0]), intent: row[1])
  }
}

/// Reads what the tables hold as an origin.
func originWord(_ word: String) throws -> Ownership.Origin {
  guard let origin = Ownership.Origin(rawValue: word) else {
    throw LedgerError(message: "'\(word)' is no origin; restore a backup (docs/ledger.md)")
  }
  return origin
}
