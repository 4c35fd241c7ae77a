import CLDAP

extension LDAPConnection {
  /// Asks the server whom it takes us for (RFC 4532) and throws if that is somebody else, or nobody:
  /// a bind that succeeds as another identity reads and writes with other rights than were meant. A
  /// server that does not know the question is taken at its word for the bind.
  func checkIdentity(_ pointer: OpaquePointer) throws(LDAPError) {
    guard let identity = try identity(pointer) else { return }
    let isOurs: Bool =
      switch configuration.bind {
      case .simple(let name, _): Self.is(identity, name)
      case .external: !identity.isEmpty && identity != "dn:"
      }
    guard isOurs else {
      let words = identity.isEmpty || identity == "dn:" ? "nobody" : "'\(identity)'"
      throw LDAPError(
        code: .inappropriateAuthentication,
        diagnostic: "the bind succeeded, but the server takes us for \(words)")
    }
  }

  /// An authorization identity (RFC 4513 §5.2.1.8). The `u:` form names a user in the server's own
  /// way, which cannot be compared with a DN.
  private static func `is`(_ identity: String, _ name: DistinguishedName) -> Bool {
    if identity.hasPrefix("u:") { return identity.utf8.count > 2 }
    guard identity.hasPrefix("dn:") else { return false }
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: String(identity.dropFirst(3).drop { $0 == " " }))
        == name
    } catch {
      return false
    }
  }

  /// `nil` where the server does not offer the operation.
  private func identity(_ pointer: OpaquePointer) throws(LDAPError) -> String? {
    var id: Int32 = 0
    try check(ldap_whoami(pointer, nil, nil, &id), pointer)
    let message = try message(to: id, pointer)
    var data: UnsafeMutablePointer<berval>?
    defer { ber_bvfree(data) }
    guard ldap_parse_extended_result(pointer, message, nil, &data, 0) == LDAP_SUCCESS else {
      discard(message)
      throw LDAPError(code: .localError, diagnostic: "the answer to WhoAmI cannot be decoded")
    }
    let result = parse(message, pointer)
    let unknown: [LDAPResultCode] = [
      .protocolError, .unavailableCriticalExtension, .insufficientAccessRights,
      .unwillingToPerform,
    ]
    if unknown.contains(result.code) { return nil }
    try result.check()
    guard let data else { return "" }
    let bytes = UnsafeRawBufferPointer(start: data.pointee.bv_val, count: Int(data.pointee.bv_len))
    return String(decoding: bytes, as: UTF8.self)
  }
}
