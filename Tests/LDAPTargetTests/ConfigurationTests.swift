import AccessModel
import LDAPClient
import LDAPTarget
import Secrets
import Testing

struct ConfigurationTests {
  private static func configuration(
    _ change: (inout LDAPTarget.Configuration) -> Void = { _ in }
  ) -> LDAPTarget.Configuration {
    var configuration = LDAPTarget.Configuration(
      id: "corp", urls: ["ldaps://ldap.example.org"],
      bind: .simple(
        dn: "cn=bellhop,ou=groups,dc=example,dc=org", password: Secret(Array("secret".utf8))),
      accounts: .init(
        base: "ou=guests,dc=example,dc=org", objectClasses: ["inetOrgPerson"], rdn: "uid",
        anchor: "employeeNumber"),
      groups: .init(base: "ou=groups,dc=example,dc=org", objectClass: "groupOfNames"))
    change(&configuration)
    return configuration
  }

  private static let mistakes: [(String, @Sendable (inout LDAPTarget.Configuration) -> Void)] = [
    ("url", { $0.urls = ["ldap://ldap.example.org"] }),
    ("no url", { $0.urls = [] }),
    ("bind.dn", { $0.bind = .simple(dn: "bellhop", password: Secret([1])) }),
    ("bind", { $0.bind = .simple(dn: "cn=bellhop", password: Secret([])) }),
    ("bind", { $0.bind = .simple(dn: "", password: Secret([1])) }),
    ("external", { $0.bind = .external }),
    ("accounts.base", { $0.accounts.base = "ou=guests;dc=example" }),
    ("accounts.base", { $0.accounts.base = "" }),
    ("accounts.objectClasses", { $0.accounts.objectClasses = [] }),
    ("accounts.objectClasses", { $0.accounts.objectClasses = ["a)(b=*"] }),
    ("accounts.rdn", { $0.accounts.rdn = "u id" }),
    ("accounts.anchor", { $0.accounts.anchor = "" }),
    ("accounts.anchor", { $0.accounts.anchor = "UID" }),
    ("groups.base", { $0.groups?.base = "groups" }),
    ("groups.objectClass", { $0.groups?.objectClass = "team" }),
    ("groups.memberAttribute", { $0.groups?.memberAttribute = "member;range=0-1" }),
    ("groups.memberValue", { $0.groups?.memberValue = .attribute("") }),
    ("groups.emptyGroup.placeholder", { $0.groups?.placeholder = "nobody" }),
    ("protected", { $0.protected = ["admins"] }),
    ("timeouts", { $0.connectTimeout = .zero }),
  ]

  @Test(arguments: mistakes.indices)
  func `a mistake is named before anything is sent`(index: Int) {
    let (setting, change) = Self.mistakes[index]
    #expect {
      _ = try LDAPTarget(Self.configuration(change))
    } throws: { error in
      (error as? LDAPConfigurationError)?.description.contains(setting) == true
    }
  }

  @Test func `without groups no group can be mapped`() throws {
    let target = try LDAPTarget(Self.configuration { $0.groups = nil })
    #expect(throws: TargetError.self) {
      try target.entitlementKey(for: "cn=any,ou=groups,dc=example,dc=org")
    }
  }

  @Test func `a group is named in one spelling, below its base, and not if protected`() throws {
    let target = try LDAPTarget(
      Self.configuration { $0.protected = ["cn=Admins,ou=groups,dc=example,dc=org"] })
    #expect(
      try target.entitlementKey(for: "CN=Partner  Eng, OU=Groups,dc=example,dc=org")
        == "cn=partner eng,ou=groups,dc=example,dc=org")
    for name in [
      "Partner Eng", "cn=x,dc=example,dc=org", "ou=groups,dc=example,dc=org",
      "cn=admins,ou=groups,dc=example,dc=org", "cn=x,cn=admins,ou=groups,dc=example,dc=org",
      "cn=bellhop,ou=groups,dc=example,dc=org", "cn=x\\,ou=groups,dc=example,dc=org", "",
    ] {
      #expect(throws: TargetError.self) { try target.entitlementKey(for: name) }
    }
  }

  @Test func `a class that is not known needs its member attribute`() throws {
    _ = try LDAPTarget(
      Self.configuration {
        $0.groups?.objectClass = "team"
        $0.groups?.memberAttribute = "player"
      })
  }

  @Test func `what cannot change and what must be unique are told`() throws {
    let target = try LDAPTarget(Self.configuration { $0.adopt = true })
    #expect(target.traits.naturalKeyAttribute == "uid")
    #expect(target.traits.fixedAttributes == ["uid", "employeeNumber"])
    #expect(target.traits.adoptsExisting)
  }
}
