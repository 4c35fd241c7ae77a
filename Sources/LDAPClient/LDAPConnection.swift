import CLDAP
import Glibc
import Secrets

/// One connection to a directory, on a thread of its own.
///
/// Its functions block that thread and no other. Code that needs several of them in a row takes the
/// connection as an `isolated` parameter and runs there, without a hop between one and the next.
package actor LDAPConnection {
  package nonisolated let configuration: Configuration
  private nonisolated let executor: BlockingExecutor
  nonisolated let census: Census?
  private var handle: LDAPHandle?
  /// The server we are connected to.
  package private(set) var url: LDAPURL?

  package init(_ configuration: Configuration) {
    self.configuration = configuration
    executor = BlockingExecutor(label: "ldap")
    census = Census.current
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  /// `false` before `open` and once the connection was lost; a lost one is never used again.
  package var isOpen: Bool { handle != nil }

  /// Connects and binds to the first server that answers, in the order of the configuration, closing
  /// what was open. A server that refuses our credentials is an answer: no other one is asked, so
  /// that a wrong password is not tried until the account is locked.
  package func open() throws(LDAPError) {
    close()
    var last = LDAPError(code: .connectError, diagnostic: "no server")
    for url in configuration.urls {
      do throws(LDAPError) {
        let handle = try LDAPHandle.make(url, configuration, census)
        try connect(handle, url)
        try bind(handle.pointer)
        try checkIdentity(handle.pointer)
        self.handle = consume handle
        self.url = url
        return
      } catch {
        let text = [error.diagnostic, "\(url)"].filter { !$0.isEmpty }.joined(separator: ", ")
        last = LDAPError(code: error.code, matchedDN: error.matchedDN, diagnostic: text)
        guard error.mayBeOtherwiseElsewhere else { throw last }
      }
    }
    throw last
  }

  package func close() {
    handle = nil
    url = nil
  }

  /// The raw handle for one call; `nil` once the connection is gone.
  var pointer: OpaquePointer? { handle?.pointer }

  /// Nothing but the wish for TLS is sent before TLS has been agreed on.
  private func connect(_ handle: borrowing LDAPHandle, _ url: LDAPURL) throws(LDAPError) {
    let pointer = handle.pointer
    let limit = configuration.connectTimeout
    try check(handle.connecting(within: limit) { ldap_connect(pointer) }, pointer)
    if configuration.startTLS {
      var id: Int32 = 0
      try check(ldap_start_tls(pointer, nil, nil, &id), pointer)
      try answer(to: id, pointer).check()
      try check(handle.connecting(within: limit) { ldap_install_tls(pointer) }, pointer)
    }
    if configuration.startTLS || url.scheme == .ldaps { try checkVersion(pointer) }
  }

  /// libldap on GnuTLS takes `LDAP_OPT_X_TLS_PROTOCOL_MIN` and ignores it.
  private func checkVersion(_ pointer: OpaquePointer) throws(LDAPError) {
    var text: UnsafeMutablePointer<CChar>?
    ldap_get_option(pointer, LDAP_OPT_X_TLS_VERSION, &text)
    defer { ldap_memfree(text) }
    let version = text.map { String(cString: $0) } ?? "no TLS"
    guard ["TLS1.2", "TLSv1.2", "TLS1.3", "TLSv1.3"].contains(version) else {
      throw LDAPError(
        code: .connectError,
        diagnostic: "the server speaks \(version); TLS 1.2 is the least that is taken")
    }
  }

  private func bind(_ pointer: OpaquePointer) throws(LDAPError) {
    var id: Int32 = 0
    let code: Int32 =
      switch configuration.bind {
      case .simple(let name, let password):
        password.withBytes { bytes in
          var credentials = berval(
            bv_len: ber_len_t(bytes.count),
            bv_val: UnsafeMutablePointer(mutating: bytes.bindMemory(to: CChar.self).baseAddress))
          return ldap_sasl_bind(pointer, name.description, nil, &credentials, nil, nil, &id)
        }
      case .external:
        // Empty, not absent: absent credentials make the server ask for them.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { empty in
          var credentials = berval(bv_len: 0, bv_val: empty.baseAddress)
          return ldap_sasl_bind(pointer, nil, "EXTERNAL", &credentials, nil, nil, &id)
        }
      }
    try check(code, pointer)
    try answer(to: id, pointer).check()
  }

  private func answer(to id: Int32, _ pointer: OpaquePointer) throws(LDAPError) -> LDAPResult {
    parse(try message(to: id, pointer), pointer)
  }

  /// The whole answer to a request made while connecting, to be freed by whoever takes it.
  func message(to id: Int32, _ pointer: OpaquePointer) throws(LDAPError) -> OpaquePointer {
    var limit = configuration.operationTimeout.timeval
    var message: OpaquePointer?
    let kind = ldap_result(pointer, id, LDAP_MSG_ALL, &limit, &message)
    guard kind > 0, let message else {
      throw kind == 0
        ? LDAPError(
          code: .timedOut, diagnostic: "no answer for \(configuration.operationTimeout)")
        : lastError(of: pointer)
    }
    census?.received()
    return message
  }

  func check(_ code: Int32, _ pointer: OpaquePointer) throws(LDAPError) {
    guard code == LDAP_SUCCESS else { throw lastError(of: pointer, code) }
  }
}

extension LDAPError {
  /// Whether another server of the list might do what this one did not.
  fileprivate var mayBeOtherwiseElsewhere: Bool {
    !code.isAnswer || [.busy, .unavailable, .unwillingToPerform].contains(code)
  }
}

/// What libldap says of the last call, with the reason TLS gave if it did.
func lastError(of pointer: OpaquePointer, _ code: Int32? = nil) -> LDAPError {
  var number: Int32 = LDAP_LOCAL_ERROR
  if let code { number = code } else { ldap_get_option(pointer, LDAP_OPT_RESULT_CODE, &number) }
  var text: UnsafeMutablePointer<CChar>?
  ldap_get_option(pointer, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text)
  defer { ldap_memfree(text) }
  return LDAPError(
    code: .init(rawValue: number), diagnostic: text.map { String(cString: $0) } ?? "")
}

extension LDAPConnection {
  /// Reads a result message and frees it.
  func parse(
    _ message: OpaquePointer, _ pointer: OpaquePointer,
    controls: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?>? = nil
  ) -> LDAPResult {
    var code: Int32 = LDAP_OTHER
    var matched: UnsafeMutablePointer<CChar>?
    var text: UnsafeMutablePointer<CChar>?
    let status = ldap_parse_result(pointer, message, &code, &matched, &text, nil, controls, 1)
    defer {
      ldap_memfree(matched)
      ldap_memfree(text)
    }
    census?.freed()
    guard status == LDAP_SUCCESS else {
      return LDAPResult(code: .init(rawValue: status), delivery: .unanswered)
    }
    return LDAPResult(
      code: .init(rawValue: code), matchedDN: matched.map { String(cString: $0) } ?? "",
      diagnostic: text.map { String(cString: $0) } ?? "")
  }

  /// Frees a message.
  func discard(_ message: OpaquePointer) {
    ldap_msgfree(message)
    census?.freed()
  }
}
