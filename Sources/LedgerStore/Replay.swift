import AccessModel
import GRDB

/// Goes through the journal and says what must be owned after it, to be compared with the tables.
///
/// It follows the rules of `OwnershipTable`, by row numbers alone.
struct Replay {
  private struct Place: Hashable {
    let target: Int64
    /// `nil` for the account itself.
    let entitlement: Int64?
    let subject: Int64
  }

  private struct Intent {
    let kind: String
    let place: Place
  }

  private let db: Database
  private let targets: [String: Int64]
  private let subjects: [String: Int64]
  private let entitlements: [String: Int64]
  private var intents: [Int64: Intent] = [:]
  private var owned: [Place: Existing] = [:]
  /// What ended at any time: only of that may there be tombstones.
  private var ended: Set<Place> = []

  init(_ db: Database) throws {
    self.db = db
    func numbers(_ table: String) throws -> [String: Int64] {
      var numbers: [String: Int64] = [:]
      let rows = try Row.fetchCursor(db, sql: "SELECT name, id FROM \(table)")
      while let row = try rows.next() { numbers[row[0]] = row[1] }
      return numbers
    }
    targets = try numbers("target")
    subjects = try numbers("subject")
    entitlements = try numbers("entitlement")
  }

  /// Whether nothing was written before there was a chain.
  func isFromTheBeginning() throws -> Bool {
    guard
      let detail = try String.fetchOne(
        db, sql: "SELECT detail FROM record WHERE kind = 'begun' AND id = 1")
    else { return false }
    return try JSONText.decode(Chain.Beginning.self, detail).found == 0
  }

  /// Takes in the next record.
  mutating func follow(_ kind: String, row: Int64?, _ detail: String?) throws {
    switch (RecordKind(rawValue: kind), row, detail) {
    case (.intent, let row?, _): try intend(row)
    case (.outcome, let row?, _): try settle(row)
    case (.note, _, let detail?):
      note(try JSONText.decode(RecordedNote.self, detail))
    default: return
    }
  }

  private mutating func intend(_ id: Int64) throws {
    let statement = try db.cachedStatement(
      sql: "SELECT kind, target, entitlement, subject FROM intent WHERE id = ?")
    guard let row = try Row.fetchOne(statement, arguments: [id]), let subject: Int64 = row[3] else {
      return
    }
    let intent = Intent(
      kind: row[0], place: Place(target: row[1], entitlement: row[2], subject: subject))
    intents[id] = intent
    guard intent.kind == "addMember" || intent.kind == "createAccount",
      owned[intent.place] == nil
    else { return }
    owned[intent.place] = Existing(origin: .intended, intent: id)
  }

  private mutating func settle(_ id: Int64) throws {
    let statement = try db.cachedStatement(
      sql: "SELECT intent, outcome FROM outcome WHERE id = ?")
    guard let row = try Row.fetchOne(statement, arguments: [id]), let intent = intents[row[0]]
    else { return }
    let (before, number) = (owned[intent.place], row[0] as Int64)
    switch row[1] as String {
    case "applied", "alreadyInState":
      switch intent.kind {
      case "removeMember", "deleteAccount": end(intent.place)
      case "addMember", "createAccount":
        let isApplied = row[1] == "applied" || intent.kind == "createAccount"
        owned[intent.place] = Existing(
          origin: Existing.origin(
            after: before, intent: JournalID(number), isApplied: isApplied), intent: nil)
      default:
        if before?.origin == .intended {
          owned[intent.place] = Existing(origin: .created, intent: nil)
        }
      }
    case "refused", "failed":
      if before?.origin == .intended, before?.intent == number { owned[intent.place] = nil }
    default: return
    }
  }

  private mutating func note(_ note: RecordedNote) {
    guard let target = targets[note.target], let subject = note.subject.flatMap({ subjects[$0] })
    else { return }
    let place = Place(
      target: target, entitlement: note.group.flatMap { entitlements[$0] }, subject: subject)
    let origin = note.origin.flatMap(Ownership.Origin.init(rawValue:))
    if let origin {
      owned[place] = Existing(origin: origin, intent: nil)
    } else {
      end(place)
    }
  }

  private mutating func end(_ place: Place) {
    owned[place] = nil
    ended.insert(place)
  }

  /// What the tables hold and the journal does not explain, and the other way about; sorted.
  func differences() throws -> [String] {
    var expected = owned
    var differences: [String] = []
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT target, entitlement, subject, origin FROM membership
        UNION ALL SELECT target, NULL, subject, origin FROM account
        """)
    while let row = try rows.next() {
      let place = Place(target: row[0], entitlement: row[1], subject: row[2])
      let origin = try originWord(row[3])
      let known = expected.removeValue(forKey: place)
      // What was made is `created` or still `intended`, as the answer did or did not name it.
      func isOurs(_ origin: Ownership.Origin) -> Bool { origin == .created || origin == .intended }
      if known?.origin == origin { continue }
      if let known, isOurs(known.origin), isOurs(origin) { continue }
      differences.append(
        "\(try words(place)) is recorded as \(origin.rawValue), and the journal says "
          + (known?.origin.rawValue ?? "nothing of it"))
    }
    let tombstones = try Row.fetchCursor(
      db, sql: "SELECT DISTINCT target, entitlement, subject FROM tombstone")
    while let row = try tombstones.next() {
      let place = Place(target: row[0], entitlement: row[1], subject: row[2])
      if !ended.contains(place) {
        differences.append(
          "\(try words(place)) is recorded as ended, and the journal says nothing of that")
      }
    }
    for (place, known) in expected {
      differences.append(
        "\(try words(place)) is \(known.origin.rawValue) by the journal, and not recorded")
    }
    return differences.sorted()
  }

  private func words(_ place: Place) throws -> String {
    func name(_ number: Int64, _ table: String) throws -> String {
      try String.fetchOne(db, sql: "SELECT name FROM \(table) WHERE id = ?", arguments: [number])
        ?? "number \(number)"
    }
    let subject = try name(place.subject, "subject")
    let target = try name(place.target, "target")
    guard let entitlement = place.entitlement else { return "\(target): the account of \(subject)" }
    return "\(target): \(subject) in \(try name(entitlement, "entitlement"))"
  }
}
