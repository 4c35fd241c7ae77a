import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Synchronization
import Testing

extension DirectoryTests {
  /// The same port over a 389 Directory Server: no assertions, no `entryCSN`, groups that may be
  /// empty. One server for all cases, a branch of its own for each.
  @Suite struct Server389 {
    @Test(
      .enabled(if: Fixture389.obstacle == nil, "\(Fixture389.obstacle ?? "")"),
      .timeLimit(.minutes(5)))
    func `a 389 Directory Server keeps to the port`() async throws {
      try await with389 { server in
        let failures = await TargetConformance.failures { branch in
          try await Harness(server, branch: branch)
        }
        for failure in failures { Issue.record("\(failure)") }
        try await examine(server)
        try await stopWriting(server)
      }
    }

    /// Doctor finds no fault, and a right that is missing is told, with nothing changed.
    private func examine(_ server: Fixture389) async throws {
      let harness = try await Harness(server, branch: "examined")
      let world = try ConformanceWorld(harness)
      let ada = try await world.account(of: world.ada)
      let found = Mutex<[Diagnosis]>([])
      let target = try #require(harness.target as? LDAPTarget)
      let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
      await target.examine(Examination(now: now)) { diagnosis in
        found.withLock { $0.append(diagnosis) }
      }
      let diagnoses = found.withLock { $0 }
      #expect(!diagnoses.contains { $0.verdict == .fault }, "\(diagnoses)")
      for topic in [
        "server", "identity", "product", "schema", "accounts", "immutable ids", "groups",
        "group class", "rights on accounts", "rights on groups", "limits",
      ] {
        #expect(diagnoses.first { $0.topic == topic }?.verdict == .fine, "\(topic): \(diagnoses)")
      }

      let addition = try await world.addition(ada, to: 0)
      #expect(await target.obstacles(to: [addition]).isEmpty)
      // It would not take the control for what it is.
      guard case .notAsked(let reason) = try await target.check([addition]).verdicts[0] else {
        Issue.record("a server that is not OpenLDAP was asked")
        return
      }
      #expect(reason.contains("OpenLDAP"))
      try await server.modify(
        """
        dn: \(harness.groups[0])
        changetype: modify
        add: aci
        aci: (targetattr="member")(version 3.0; acl "no"; deny (write) \
        userdn="ldap:///\(server.serviceDN)";)
        """)
      let obstacles = await target.obstacles(to: [addition])
      #expect(obstacles.count == 1 && obstacles[0].contains("(50)"), "\(obstacles)")
      await harness.tearDown()
    }

    private func stopWriting(_ server: Fixture389) async throws {
      let harness = try await Harness(server, branch: "closed")
      let world = try ConformanceWorld(harness)
      func makeReadOnly(_ value: String) async throws {
        try await server.modify(
          """
          dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config
          changetype: modify
          replace: nsslapd-readonly
          nsslapd-readonly: \(value)
          """)
      }
      let creation = world.creation(of: world.ada)
      try await makeReadOnly("on")
      let outcome = try await harness.target.apply([creation]) { _ in }[0]
      try await makeReadOnly("off")
      guard case .failed(.stopTarget, let reason) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(reason.contains("takes no writes"), "\(reason)")
      #expect(try await harness.target.apply([creation]) { _ in }[0].isDone)
      await harness.tearDown()
    }

  }
}

private struct Harness: ConformanceHarness {
  let server: Fixture389
  let base: String
  let target: any Target
  private let road: Forwarder

  init(_ server: Fixture389, branch: String) async throws {
    self.server = server
    base = "ou=\(branch),\(server.suffix)"
    road = try Forwarder(to: server.port)
    var configuration = LDAPTarget.Configuration(
      id: "corp", urls: ["ldap://127.0.0.1:\(road.port)"],
      bind: .simple(dn: server.serviceDN, password: Secret(Array(server.servicePassword.utf8))),
      accounts: .init(
        base: "ou=guests,\(base)", objectClasses: ["inetOrgPerson"], rdn: "uid",
        anchor: "employeeNumber"),
      groups: .init(base: "ou=groups,\(base)", objectClass: "groupOfNames"))
    configuration.immutableID = "nsUniqueId"
    configuration.operationTimeout = .seconds(10)
    target = try LDAPTarget(configuration)
    var tree = "dn: \(base)\nobjectClass: organizationalUnit\n"
    for unit in ["guests", "groups"] {
      tree += "\ndn: ou=\(unit),\(base)\nobjectClass: organizationalUnit\n"
    }
    for group in groups { tree += "\ndn: \(group)\nobjectClass: groupOfNames\n" }
    try await server.modify(tree)
  }

  var groups: [String] { ["alpha", "gamma"].map { "cn=\($0),ou=groups,\(base)" } }
  var missingGroup: String { "cn=beta,ou=groups,\(base)" }
  let disableRule: DisableRule? = .set(["employeeType": ["disabled"]])
  let freeAttribute = "description"

  func attributes(of subject: SubjectID) -> [String: [String]] {
    [
      "uid": ["u-\(subject)"], "cn": ["Name of \(subject)"], "sn": ["Name"],
      "description": ["Made for a test"],
    ]
  }

  func writeCount() async throws -> Int { try await server.writes() }

  func cutConnection() async throws { road.close() }

  func recreateGroup(_ name: String) async throws {
    try await server.modify(
      "dn: \(name)\nchangetype: delete\n\ndn: \(name)\nchangetype: add\nobjectClass: groupOfNames\n"
    )
  }

  func tearDown() async { road.close() }
}
