import AccessModel
import Foundation
import Mapping
import Planning
import Testing

@testable import bellhop

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "fixtures/configurations")
private let cases =
  FileManager.default.subpaths(atPath: fixtures.path)?.filter { !$0.contains("/") }.sorted()
  ?? ["there is no \(fixtures.path)"]

private func read(_ name: String) throws -> (configuration: Configuration?, told: String) {
  let file = fixtures.appending(path: "\(name)/bellhop.yaml")
  let text = try String(contentsOf: file, encoding: .utf8)
  let (configuration, diagnostics) = ConfigurationReader.read(
    text, path: "bellhop.yaml", folder: "/etc/bellhop")
  return (configuration, diagnostics.map { "\($0)\n" }.joined())
}

@Suite struct ConfigurationTests {
  @Test(arguments: cases)
  func `a faulty configuration is told with file, line and column`(name: String) throws {
    let (configuration, told) = try read(name)
    #expect((configuration == nil) == told.contains(": error: "))
    #expect(!told.contains("hunter2"))

    let golden = fixtures.appending(path: "\(name)/expected.diagnostics.txt")
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try told.write(to: golden, atomically: true, encoding: .utf8)
    }
    #expect(told == (try String(contentsOf: golden, encoding: .utf8)))
  }

  @Test func `a complete configuration becomes values`() throws {
    let configuration = try #require(try read("complete").configuration)
    #expect(configuration.state == "/var/lib/bellhop")
    #expect(configuration.mappings == "/etc/bellhop/mappings/")
    #expect(configuration.interval == .seconds(120))
    #expect(
      configuration.limits
        == Limits(minimum: 5, percent: 20, absolute: 50, window: .seconds(43_200)))

    #expect(configuration.sources.map(\.id) == ["contractors", "partners"])
    #expect(configuration.sources[0].kind == .file(path: "/srv/hr/contractors.csv"))
    #expect(configuration.sources[0].interval == .seconds(3_600))
    #expect(configuration.sources[0].absentAfter == nil)
    #expect(configuration.sources[1].kind == .file(path: "/etc/bellhop/assignments/partners.json"))
    #expect(configuration.sources[1].absentAfter == .zero)

    #expect(configuration.targets.map(\.id) == ["corp", "desk", "lab", "unix", "wiki"])
    let corp = configuration.targets[0]
    #expect(corp.adopt)
    #expect(corp.protected == ["cn=directory-admins,ou=groups,dc=example,dc=org"])
    #expect(corp.location.line == 15)
    #expect(
      corp.kind
        == .ldap(
          LDAPTargetConfiguration(
            urls: ["ldaps://ldap1.example.org", "ldaps://ldap2.example.org:1636"],
            startTLS: false, caFile: "/etc/bellhop/certs/corp.pem",
            bind: .simple(
              dn: "cn=bellhop,ou=services,dc=example,dc=org",
              password: .file("/etc/bellhop/corp.secret")),
            accounts: .init(
              base: "ou=guests,dc=example,dc=org", objectClasses: ["inetOrgPerson"], rdn: "uid",
              anchor: "employeeNumber"),
            groups: .init(
              base: "ou=groups,dc=example,dc=org", objectClass: "groupOfNames",
              memberAttribute: "member", memberValue: .dn,
              placeholder: "cn=nobody,dc=example,dc=org"))))
    guard case .ldap(let lab) = configuration.targets[2].kind,
      case .ldap(let unix) = configuration.targets[3].kind
    else {
      Issue.record("lab and unix are directories")
      return
    }
    #expect(lab.startTLS)
    #expect(
      lab.bind == .simple(dn: "cn=bellhop", password: .command(["/usr/bin/pass", "show", "lab"])))
    #expect(lab.accounts.objectClasses == ["inetOrgPerson"])
    #expect(lab.groups?.memberAttribute == "teamMember")
    #expect(lab.groups?.memberValue == .attribute("mail"))
    #expect(unix.bind == .external)
    #expect(unix.groups?.memberAttribute == "memberUid")
    #expect(unix.groups?.memberValue == .attribute("uid"))
    #expect(unix.groups?.placeholder == nil)
    #expect(configuration.targets[3].interval == .seconds(30))
    #expect(
      configuration.targets[1].kind
        == .scim(
          SCIMTargetConfiguration(
            url: "http://127.0.0.1:8080/v2", caFile: nil, certificate: nil, proxy: nil,
            auth: .basic(username: "bellhop", password: .env("DESK_PASSWORD")), dialect: nil,
            createGroups: false)))
    #expect(
      configuration.targets[4].kind
        == .scim(
          SCIMTargetConfiguration(
            url: "https://wiki.example.org/scim/v2", caFile: nil, certificate: nil, proxy: nil,
            auth: .bearer(.env("WIKI_SCIM_TOKEN")), dialect: nil, createGroups: true)))
  }

  @Test func `the container's configuration reads without a word`() throws {
    let file = fixtures.deletingLastPathComponent().appending(path: "docker/bellhop.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let (configuration, diagnostics) = ConfigurationReader.read(
      text, path: "bellhop.yaml", folder: "/etc/bellhop")
    #expect(diagnostics == [])
    #expect(configuration?.targets.map(\.id) == ["corp", "wiki"])
  }

  @Test func `what is left out has the documented value`() throws {
    let text = """
      version: 1
      state: state
      mappings: mappings
      sources: { s: { kind: file, path: a.csv } }
      targets: { t: { kind: scim, url: "https://x", auth: { bearer: { env: T } } } }
      """
    let (configuration, diagnostics) = ConfigurationReader.read(
      text, path: "bellhop.yaml", folder: "/srv")
    #expect(diagnostics == [])
    #expect(configuration?.interval == .seconds(300))
    #expect(
      configuration?.limits
        == Limits(minimum: 3, percent: 10, absolute: 100, window: .seconds(86_400)))
    #expect(configuration?.state == "/srv/state")
    #expect(configuration?.targets[0].adopt == false)
    #expect(configuration?.targets[0].protected == [])
  }

  @Test(
    arguments: [
      ("x.yaml", ["BELLHOP_CONFIG": "y.yaml"], ["./bellhop.yaml"], "x.yaml"),
      (nil, ["BELLHOP_CONFIG": "y.yaml"], ["./bellhop.yaml"], "y.yaml"),
      (
        nil, ["BELLHOP_CONFIG": ""], ["./bellhop.yaml", "/etc/bellhop/bellhop.yaml"],
        "./bellhop.yaml"
      ),
      (nil, [:], ["/etc/bellhop/bellhop.yaml"], "/etc/bellhop/bellhop.yaml"),
      (nil, [:], [], nil),
    ] as [(String?, [String: String], Set<String>, String?)])
  func `the configuration is looked for in four places`(
    option: String?, environment: [String: String], present: Set<String>, expected: String?
  ) {
    let found = Configuration.find(
      option: option, environment: environment, exists: present.contains)
    #expect(found == expected)
  }
}
