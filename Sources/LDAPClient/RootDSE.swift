/// What a server says of itself (RFC 4512 §5.1).
package struct RootDSE: Equatable, Sendable {
  package let supportedControls: Set<String>
  /// Numbers by which Active Directory and what is like it say what they are.
  package let supportedCapabilities: Set<String>
  package let namingContexts: [String]
  package let subschemaSubentry: String?
}

extension LDAPConnection {
  /// `nil` if the server shows none.
  package func rootDSE() throws(LDAPError) -> RootDSE? {
    let attributes = [
      "supportedControl", "supportedCapabilities", "namingContexts", "subschemaSubentry",
    ]
    guard let record = try record(DistinguishedName([]), attributes: attributes) else {
      return nil
    }
    return RootDSE(
      supportedControls: Set(record["supportedControl"]),
      supportedCapabilities: Set(record["supportedCapabilities"]),
      namingContexts: record["namingContexts"].sorted(),
      subschemaSubentry: record["subschemaSubentry"].first)
  }

  /// The classes and attributes that the server knows; `nil` if it does not show them.
  package func schema() throws(LDAPError) -> Schema? {
    guard let text = try rootDSE()?.subschemaSubentry else { return nil }
    let name: DistinguishedName
    do throws(DNSyntaxError) { name = try DistinguishedName(parsing: text) } catch { return nil }
    let names = ["objectClasses", "attributeTypes"]
    guard let record = try record(name, attributes: names) else { return nil }
    let definitions = record["objectClasses"]
    return definitions.isEmpty
      ? nil : Schema(objectClasses: definitions, attributeTypes: record["attributeTypes"])
  }
}
