/// What a server says of itself (RFC 4512 §5.1).
package struct RootDSE: Equatable, Sendable {
  package let supportedControls: Set<String>
  /// Numbers by which Active Directory and what is like it say what they are.
  package let supportedCapabilities: Set<String>
  package let namingContexts: [String]
  package let subschemaSubentry: String?
  /// OpenLDAP names a class of its own here.
  package let objectClasses: [String]
}

extension LDAPConnection {
  /// `nil` if the server shows none.
  package func rootDSE() throws(LDAPError) -> RootDSE? {
    let attributes = [
      "supportedControl", "supportedCapabilities", "namingContexts", "subschemaSubentry",
      "objectClass",
    ]
    guard let record = try record(DistinguishedName([]), attributes: attributes) else {
      return nil
    }
    return RootDSE(
      supportedControls: Set(record["supportedControl"]),
      supportedCapabilities: Set(record["supportedCapabilities"]),
      namingContexts: record["namingContexts"].sorted(),
      subschemaSubentry: record["subschemaSubentry"].first, objectClasses: record["objectClass"])
  }

  /// All classes and attributes that the server knows; `nil` if it does not show them.
  package func schema() throws(LDAPError) -> Schema? {
    guard let root = try rootDSE() else { return nil }
    return try schema(root, []).map { Schema($0, asked: nil) }
  }

  /// What the server knows of these classes and attributes, and of those they derive from. Asks for no
  /// more where the server can pick values (RFC 3876). `nil` if it does not show its schema.
  package func schema(
    objectClasses: [String], attributes: [String]
  ) throws(LDAPError) -> Schema? {
    guard let root = try rootDSE() else { return nil }
    guard root.supportedControls.contains(RequestControl.matchedValuesIdentifier) else {
      return try schema()
    }
    var asked: Set<Filter.Pair> = []
    var pending = Set(
      objectClasses.map { Filter.Pair("objectClasses", $0) }
        + attributes.map { Filter.Pair("attributeTypes", Schema.type(of: $0)) })
    var found = Schema.Definitions()
    while !pending.isEmpty {
      let filters = pending.sorted().map { Filter.equals($0.type, $0.value) }
      guard let part = try schema(root, [.matchedValues(filters)]) else { return nil }
      found.objectClasses += part.objectClasses
      found.attributeTypes += part.attributeTypes
      asked.formUnion(pending)
      pending = Set(
        part.objectClasses.flatMap { SchemaDefinition($0)?.words("SUP") ?? [] }
          .map { Filter.Pair("objectClasses", $0) }
          + part.attributeTypes.flatMap { SchemaDefinition($0)?.words("SUP") ?? [] }
          .map { Filter.Pair("attributeTypes", $0) }
      ).subtracting(asked)
    }
    return Schema(found, asked: Set(asked.map(\.value)))
  }

  private func schema(
    _ root: RootDSE, _ controls: [RequestControl]
  ) throws(LDAPError) -> Schema.Definitions? {
    guard let text = root.subschemaSubentry else { return nil }
    let name: DistinguishedName
    do throws(DNSyntaxError) { name = try DistinguishedName(parsing: text) } catch { return nil }
    let names = ["objectClasses", "attributeTypes", "dITContentRules"]
    guard let record = try record(name, attributes: names, controls) else { return nil }
    let found = Schema.Definitions(
      objectClasses: record[names[0]], attributeTypes: record[names[1]],
      contentRules: record[names[2]])
    let isHidden =
      found.objectClasses.isEmpty && (controls.isEmpty || found.attributeTypes.isEmpty)
    return isHidden ? nil : found
  }
}

extension Filter {
  /// An attribute of the schema and a name in it.
  fileprivate struct Pair: Hashable, Comparable {
    let type: String
    /// In lower case.
    let value: String

    init(_ type: String, _ value: String) { (self.type, self.value) = (type, value.lowercased()) }

    static func < (left: Pair, right: Pair) -> Bool {
      (left.type, left.value) < (right.type, right.value)
    }
  }
}
