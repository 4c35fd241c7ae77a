import CLDAP
import Glibc

/// One `LDAP *`, closed once.
struct LDAPHandle: ~Copyable {
  let pointer: OpaquePointer
  private let guardian: UnsafeMutablePointer<cldap_guard>

  private let census: Census?

  private init(pointer: OpaquePointer, _ census: Census?) {
    self.pointer = pointer
    self.census = census
    census?.opened()
    guardian = .allocate(capacity: 1)
    guardian.initialize(to: cldap_guard())
  }

  deinit {
    ldap_unbind_ext_s(pointer, nil, nil)
    guardian.deallocate()
    census?.closed()
  }

  /// Makes a handle for one server; nothing is sent yet. Every option that a file or the environment
  /// could set is set here.
  static func make(
    _ url: LDAPURL, _ configuration: LDAPConnection.Configuration, _ census: Census?
  ) throws(LDAPError) -> LDAPHandle {
    _ = ignoreEnvironment
    _ = outliveLostConnections
    var created: OpaquePointer?
    let code = ldap_initialize(&created, url.description)
    guard code == LDAP_SUCCESS, let created else {
      throw LDAPError(code: .init(rawValue: code), diagnostic: "\(url) cannot be used")
    }
    let handle = LDAPHandle(pointer: created, census)
    try handle.set(LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
    try handle.set(LDAP_OPT_DEREF, LDAP_DEREF_NEVER)
    try handle.set(LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT)
    try handle.set(LDAP_OPT_TIMELIMIT, LDAP_NO_LIMIT)
    try check(cldap_set_flag(created, LDAP_OPT_REFERRALS, 0), "LDAP_OPT_REFERRALS")
    try check(cldap_set_flag(created, LDAP_OPT_RESTART, 1), "LDAP_OPT_RESTART")
    try check(cldap_set_guard(created, handle.guardian), "LDAP_OPT_CONNECT_CB")
    var connect = configuration.connectTimeout.timeval
    try check(ldap_set_option(created, LDAP_OPT_NETWORK_TIMEOUT, &connect), "NETWORK_TIMEOUT")
    var operation = configuration.operationTimeout.timeval
    try check(ldap_set_option(created, LDAP_OPT_TIMEOUT, &operation), "LDAP_OPT_TIMEOUT")
    if url.scheme == .ldaps || configuration.startTLS { try handle.demandTLS(configuration) }
    return handle
  }

  /// Runs what makes a connection; past the limit, calls on its socket fail.
  borrowing func connecting<Result>(within limit: Duration, _ body: () -> Result) -> Result {
    cldap_arm(guardian, Int(limit / .milliseconds(1)))
    defer { cldap_disarm(guardian) }
    return body()
  }

  private borrowing func demandTLS(
    _ configuration: LDAPConnection.Configuration
  ) throws(LDAPError) {
    let file = configuration.caFile ?? "/etc/ssl/certs/ca-certificates.crt"
    guard access(file, R_OK) == 0 else {
      throw LDAPError(
        code: .connectError, diagnostic: "tls.caFile '\(file)' cannot be read")
    }
    try Self.check(ldap_set_option(pointer, LDAP_OPT_X_TLS_CACERTFILE, file), "TLS_CACERTFILE")
    try set(LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND)
    // Else a common name counts where the subject alternative names do not match.
    try set(LDAP_OPT_X_TLS_REQUIRE_SAN, LDAP_OPT_X_TLS_DEMAND)
    try set(LDAP_OPT_X_TLS_PROTOCOL_MIN, cldap_tls_1_2())
    var isServer: Int32 = 0
    guard ldap_set_option(pointer, LDAP_OPT_X_TLS_NEWCTX, &isServer) == LDAP_OPT_SUCCESS else {
      throw LDAPError(
        code: .connectError, diagnostic: "tls.caFile '\(file)' holds no usable certificates")
    }
  }

  private borrowing func set(_ option: Int32, _ value: Int32) throws(LDAPError) {
    var value = value
    try Self.check(ldap_set_option(pointer, option, &value), "option \(option)")
  }

  /// An option that does not take leaves a connection with other rules than ours: not opened.
  private static func check(_ code: Int32, _ option: String) throws(LDAPError) {
    guard code == LDAP_OPT_SUCCESS else {
      throw LDAPError(code: .localError, diagnostic: "libldap does not take \(option)")
    }
  }

  /// libldap reads `ldap.conf`, `.ldaprc` and `LDAP*` variables when it is first used, unless this
  /// variable is set (ldap.conf(5)). They can name servers and turn certificate checks off.
  private static let ignoreEnvironment: Void = {
    setenv("LDAPNOINIT", "1", 1)
    // GnuTLS would write the keys of every connection there.
    unsetenv("SSLKEYLOGFILE")
    var version: Int32 = LDAP_VERSION3
    ldap_set_option(nil, LDAP_OPT_PROTOCOL_VERSION, &version)
  }()
}

/// libldap writes to sockets without `MSG_NOSIGNAL`: a request on a connection that the server has just
/// closed would end the process. A handler that is set is left alone.
private let outliveLostConnections: Void = {
  var action = sigaction()
  guard sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil else {
    return
  }
  signal(SIGPIPE, SIG_IGN)
}()

extension Duration {
  /// For libldap, to the microsecond.
  var timeval: timeval {
    cldap_timeval(Int(components.seconds), Int(components.attoseconds / 1_000_000_000_000))
  }
}
