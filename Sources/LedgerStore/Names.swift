import AccessModel
import GRDB

/// The numbers of the names in one table. Rows refer to names by number, as both repeat a
/// million times. A class, so that what it remembers is never copied while it grows.
final class Names<Kind> {
  let db: Database
  private let table: String
  private var numbers: [Identifier<Kind>: Int64] = [:]

  private init(db: Database, table: String) {
    self.db = db
    self.table = table
  }

  /// The number of a name, which is given one if it is new.
  func number(of name: Identifier<Kind>) throws -> Int64 {
    if let number = numbers[name] { return number }
    let number = try existingNumber(of: name) ?? insert(name)
    numbers[name] = number
    return number
  }

  func existingNumber(of name: Identifier<Kind>) throws -> Int64? {
    let statement = try db.cachedStatement(sql: "SELECT id FROM \(table) WHERE name = ?")
    return try Int64.fetchOne(statement, arguments: [name.rawValue])
  }

  /// All of them by the order of their bytes, which is SQLite's default collation.
  func forEachSorted(_ body: (Int64, Identifier<Kind>) throws -> Void) throws {
    let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM \(table) ORDER BY name")
    while let row = try rows.next() { try body(row[0], Identifier(row[1])) }
  }

  private func insert(_ name: Identifier<Kind>) throws -> Int64 {
    try db.cachedStatement(sql: "INSERT INTO \(table) (name) VALUES (?)")
      .execute(arguments: [try storable(name)])
    return db.lastInsertedRowID
  }
}

extension Names where Kind == Named.Source {
  convenience init(_ db: Database) { self.init(db: db, table: "source") }
}

extension Names where Kind == Named.Target {
  convenience init(_ db: Database) { self.init(db: db, table: "target") }
}

extension Names where Kind == Named.Subject {
  convenience init(_ db: Database) { self.init(db: db, table: "subject") }
}

extension Names where Kind == Named.Entitlement {
  convenience init(_ db: Database) { self.init(db: db, table: "entitlement") }
}

extension Names where Kind == PackageName {
  convenience init(_ db: Database) { self.init(db: db, table: "package") }
}

/// Names of access packages, which the model keeps as plain text.
enum PackageName {}

/// Throws for a text that SQLite would cut short: two identities would become one.
func storable<Kind>(_ name: Identifier<Kind>) throws -> String {
  guard !name.rawValue.utf8.contains(0) else {
    throw LedgerError(message: "an identifier contains the character NUL; correct it at its origin")
  }
  return name.rawValue
}
