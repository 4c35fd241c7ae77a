import CLDAP

extension LDAPConnection {
  /// Carries out an operation that is known by its number only (RFC 4511 §4.12) and gives the value of
  /// the answer, `nil` if there is none. Throws what is not `success`; a server that does not know the
  /// operation answers `protocolError`.
  package func extended(
    _ identifier: String, value: [UInt8]? = nil
  ) throws(LDAPError) -> [UInt8]? {
    guard let pointer else { throw LDAPError(code: .serverDown, diagnostic: "not connected") }
    var id: Int32 = 0
    let code = Self.withValue(value) {
      ldap_extended_operation(pointer, identifier, $0, nil, nil, &id)
    }
    guard code == LDAP_SUCCESS else {
      let error = lastError(of: pointer, code)
      close()
      throw error
    }
    var limit = configuration.operationTimeout.timeval
    var received: OpaquePointer?
    let kind = ldap_result(pointer, id, LDAP_MSG_ALL, &limit, &received)
    guard kind > 0, let message = received else {
      let error =
        kind == 0
        ? LDAPError(code: .timedOut, diagnostic: "no answer to operation \(identifier)")
        : lastError(of: pointer)
      close()
      throw error
    }
    census?.received()
    var data: UnsafeMutablePointer<berval>?
    let parsed = ldap_parse_extended_result(pointer, message, nil, &data, 0)
    defer { ber_bvfree(data) }
    let result = parse(message, pointer)
    try result.check()
    guard parsed == LDAP_SUCCESS else {
      throw LDAPError(code: .init(rawValue: parsed), diagnostic: "operation \(identifier)")
    }
    return data.map { data in
      Array(UnsafeRawBufferPointer(start: data.pointee.bv_val, count: Int(data.pointee.bv_len)))
    }
  }

  private static func withValue<Result>(
    _ value: [UInt8]?, _ body: (UnsafeMutablePointer<berval>?) -> Result
  ) -> Result {
    guard let value else { return body(nil) }
    var bytes = value.map { CChar(bitPattern: $0) }
    return bytes.withUnsafeMutableBufferPointer { bytes in
      var data = berval(bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress)
      return body(&data)
    }
  }
}
