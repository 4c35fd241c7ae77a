import AccessModel
import LDAPClient

/// What a server says of itself, as far as it lets us see.
struct ServerFacts: Sendable {
  /// `nil` where the root entry is hidden.
  private(set) var root: LDAPRecord?
  private(set) var schema: Schema?
  /// The entry of our database in `cn=config`; `nil` where that is hidden or not OpenLDAP's.
  private(set) var database: LDAPRecord?
  private(set) var frontend: LDAPRecord?
  private(set) var overlays: [LDAPRecord] = []

  var isOpenLDAP: Bool { root?["objectClass"].contains("OpenLDAProotDSE") ?? (database != nil) }
  var isActiveDirectory: Bool {
    root?["supportedCapabilities"].contains("1.2.840.113556.1.4.800") ?? false
  }
  var product: String? {
    if isActiveDirectory { return "Active Directory or Samba" }
    if isOpenLDAP { return "OpenLDAP" }
    return root.flatMap { $0["vendorVersion"].first ?? $0["vendorName"].first }
  }

  /// None where the root entry is hidden.
  var namingContexts: [String] {
    guard let root else { return [] }
    return root["namingContexts"]
  }

  func offers(_ control: String) -> Bool { root?["supportedControl"].contains(control) ?? false }

  /// What the server calls the database, for LDIF that mends it.
  var databaseName: String { database?.name ?? "olcDatabase={1}mdb,cn=config" }

  func hasOverlay(_ name: String) -> Bool {
    overlays.contains { $0["olcOverlay"].contains { $0.hasSuffix(name) } }
  }

  mutating func read(on link: isolated LDAPConnection, _ layout: Layout) throws(LDAPError) {
    root = try Self.visible(
      DistinguishedName([]),
      [
        "objectClass", "vendorName", "vendorVersion", "supportedControl", "supportedExtension",
        "supportedCapabilities", "namingContexts", "currentTime",
      ], link)
    schema = try Self.orHidden { () throws(LDAPError) in try link.schema() }
    try readConfiguration(on: link, layout)
  }

  /// An entry, and `nil` too where we may not read it: that is an answer here, not a failure.
  static func visible(
    _ name: DistinguishedName, _ attributes: [String], _ link: isolated LDAPConnection
  ) throws(LDAPError) -> LDAPRecord? {
    try orHidden { () throws(LDAPError) in try link.record(name, attributes: attributes) }
  }

  private static func orHidden<Value>(
    _ body: () throws(LDAPError) -> Value?
  ) throws(LDAPError) -> Value? {
    do throws(LDAPError) {
      return try body()
    } catch {
      if error.code.isAnswer { return nil }
      throw error
    }
  }

  private mutating func readConfiguration(
    on link: isolated LDAPConnection, _ layout: Layout
  ) throws(LDAPError) {
    var records: [LDAPRecord] = []
    let configuration = DistinguishedName([]).child("cn", "config")
    let search = LDAPSearch(
      base: configuration, scope: .subtree,
      filter: .or([
        .equals("objectClass", "olcDatabaseConfig"), .equals("objectClass", "olcOverlayConfig"),
      ]),
      attributes: [
        "olcSuffix", "olcDatabase", "olcSortVals", "olcDbIndex", "olcDbMultival", "olcDbMaxSize",
        "olcOverlay", "olcSpSessionlog", "olcSpSessionlogSource", "olcReadOnly",
      ])
    let result = link.search(search) { entry in
      if let record = LDAPRecord(entry) { records.append(record) }
    }
    guard result.result.code.isAnswer else { throw LDAPError(result.result) }
    frontend = records.first { $0["olcDatabase"].contains { $0.hasSuffix("frontend") } }
    database = records.first { record in
      record["olcSuffix"].contains { text in
        do throws(DNSyntaxError) {
          return layout.accountsBase.isSameOrDescendant(of: try DistinguishedName(parsing: text))
        } catch {
          return false
        }
      }
    }
    guard let database else { return }
    overlays = records.filter { !$0["olcOverlay"].isEmpty && $0.name.hasSuffix(database.name) }
  }
}
