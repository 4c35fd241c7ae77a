import CLDAP

/// What protects a connection.
package struct TLSState: Equatable, Sendable {
  /// As the TLS library names it: `TLS1.3`.
  package let version: String
  package let cipher: String?
  /// `nil` if the library does not show it.
  package let certificate: CertificateValidity?
}

extension LDAPConnection {
  /// `nil` if the connection is not open or not protected.
  package var tls: TLSState? {
    guard let pointer, let version = text(LDAP_OPT_X_TLS_VERSION, pointer) else { return nil }
    return TLSState(
      version: version, cipher: text(LDAP_OPT_X_TLS_CIPHER, pointer),
      certificate: certificate(pointer))
  }

  private func certificate(_ pointer: OpaquePointer) -> CertificateValidity? {
    var value = berval()
    guard ldap_get_option(pointer, LDAP_OPT_X_TLS_PEERCERT, &value) == LDAP_OPT_SUCCESS,
      let start = value.bv_val
    else { return nil }
    defer { ber_memfree(start) }
    return CertificateValidity(
      der: Array(UnsafeRawBufferPointer(start: start, count: Int(value.bv_len))))
  }

  private func text(_ option: Int32, _ pointer: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard ldap_get_option(pointer, option, &text) == LDAP_OPT_SUCCESS, let text else { return nil }
    defer { ldap_memfree(text) }
    return String(cString: text)
  }
}
