import CLDAP

/// An entry as it arrived, lent to the code that reads it: its bytes live as long as the call.
package struct LDAPEntry: ~Copyable {
  private let connection: OpaquePointer
  private let message: OpaquePointer

  init(connection: OpaquePointer, message: OpaquePointer) {
    self.connection = connection
    self.message = message
  }

  /// As the server spells it; `nil` if it cannot be decoded.
  package var name: [UInt8]? {
    var element: OpaquePointer?
    var name = berval()
    guard ldap_get_dn_ber(connection, message, &element, &name) == LDAP_SUCCESS else { return nil }
    defer { ber_free(element, 0) }
    return Array(UnsafeRawBufferPointer(start: name.bv_val, count: Int(name.bv_len)))
  }

  /// The values of one attribute, not copied.
  package struct Values: Sequence, IteratorProtocol {
    private var following: UnsafeMutablePointer<berval>?

    init(_ first: UnsafeMutablePointer<berval>?) { following = first }

    package mutating func next() -> UnsafeRawBufferPointer? {
      guard let value = following, let bytes = value.pointee.bv_val else { return nil }
      following = value + 1
      return UnsafeRawBufferPointer(start: bytes, count: Int(value.pointee.bv_len))
    }
  }

  /// Reads the entry once, in the server's order. `name` gets the name of the entry as the server
  /// spells it, `attribute` each attribute with its values. Gives `false` if the message could not be
  /// decoded to its end: what was read is then a part.
  package borrowing func read(
    name: (UnsafeRawBufferPointer) -> Void,
    attribute: (_ type: UnsafeRawBufferPointer, _ values: Values) -> Void
  ) -> Bool {
    var element: OpaquePointer?
    var dn = berval()
    guard ldap_get_dn_ber(connection, message, &element, &dn) == LDAP_SUCCESS else { return false }
    defer { ber_free(element, 0) }
    name(UnsafeRawBufferPointer(start: dn.bv_val, count: Int(dn.bv_len)))
    while true {
      var type = berval()
      var values: UnsafeMutablePointer<berval>?
      let code = ldap_get_attribute_ber(connection, message, element, &type, &values)
      guard code == LDAP_SUCCESS else { return false }
      guard let start = type.bv_val else { return true }
      defer { ldap_memfree(values) }
      attribute(
        UnsafeRawBufferPointer(start: start, count: Int(type.bv_len)), Values(values))
    }
  }
}

/// An entry copied out whole, for the few that are kept.
package struct LDAPRecord: Equatable, Sendable {
  package let name: String
  /// By lower-case name.
  private let values: [String: [[UInt8]]]

  init(name: String, values: [String: [[UInt8]]]) {
    self.name = name
    self.values = values
  }

  /// `nil` if the entry could not be decoded to its end.
  package init?(_ entry: borrowing LDAPEntry) {
    var name = ""
    var values: [String: [[UInt8]]] = [:]
    let isWhole = entry.read(
      name: { name = String(decoding: $0, as: UTF8.self) },
      attribute: { type, list in
        values[String(decoding: type, as: UTF8.self).lowercased(), default: []] +=
          list.map { Array($0) }
      })
    guard isWhole else { return nil }
    self.name = name
    self.values = values
  }

  /// The values of an attribute as text, whatever the case of its name; empty if the entry has none.
  package subscript(type: String) -> [String] { bytes(type).map(ValueForm(of: type).text) }

  /// The values as they came: not every attribute holds text.
  package func bytes(_ type: String) -> [[UInt8]] { values[type.lowercased(), default: []] }
}
