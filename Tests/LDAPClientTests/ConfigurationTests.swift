import LDAPClient
import Secrets
import Testing

struct ConfigurationTests {
  private static func make(
    _ urls: [String], startTLS: Bool = false, password: String = "secret",
    dn: String = "cn=bellhop,dc=example", external: Bool = false
  ) throws -> LDAPConnection.Configuration {
    try LDAPConnection.Configuration(
      urls: urls.map { try LDAPURL(parsing: $0) }, startTLS: startTLS,
      bind: external
        ? .external
        : .simple(try DistinguishedName(parsing: dn), Secret(Array(password.utf8))))
  }

  @Test(arguments: [
    ("ldap://127.0.0.1", false), ("ldap://127.9.8.7:3890", false), ("ldap://localhost/", false),
    ("ldap://[::1]:389", false), ("ldaps://ldap.example.org", false),
    ("ldap://ldap.example.org", true), ("LDAPS://ldap.example.org:636", false),
    ("ldapi://%2Frun%2Fslapd%2Fldapi", false),
  ])
  func `a safe address is taken`(url: String, startTLS: Bool) throws {
    _ = try Self.make([url], startTLS: startTLS)
  }

  @Test(arguments: [
    (["ldap://ldap.example.org"], false), (["ldap://10.0.0.1"], false),
    (["ldap://127.0.0.1.example.org"], false), (["ldap://127.0.0"], false),
    (["ldap://localhost", "ldap://ldap.example.org"], false),
    (["ldaps://ldap.example.org"], true), (["ldapi://%2Ftmp%2Fx"], true),
    (["http://example.org"], false), (["ldap.example.org"], false), (["ldaps://"], false),
    (["ldaps://a b"], false), (["ldaps://a:0"], false), (["ldaps://a:70000"], false),
    (["ldaps://a/dc=example"], false), (["ldaps://[::1"], false), (["ldapi:///tmp/x"], false),
    (["ldaps://user@host"], false), ([], false),
  ])
  func `an unsafe or senseless address is refused`(urls: [String], startTLS: Bool) {
    #expect(throws: LDAPConfigurationError.self) {
      try Self.make(urls, startTLS: startTLS)
    }
  }

  @Test func `an empty password or name is refused before anything is sent`() {
    #expect(throws: LDAPConfigurationError.self) {
      try Self.make(["ldap://127.0.0.1:1"], password: "")
    }
    #expect(throws: LDAPConfigurationError.self) { try Self.make(["ldap://127.0.0.1:1"], dn: "") }
  }

  @Test func `an external bind needs a socket`() throws {
    _ = try Self.make(["ldapi://%2Ftmp%2Fx"], external: true)
    #expect(throws: LDAPConfigurationError.self) {
      try Self.make(["ldaps://ldap.example.org"], external: true)
    }
  }
}
