import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Synchronization
import Testing

extension DirectoryTests {
  /// The same port over Samba, which is like Active Directory: ids that are no text, other result
  /// codes, names that a group may only hold of entries that are there. One server for all cases, a
  /// branch of its own for each.
  @Suite struct ActiveDirectory {
    @Test(
      .enabled(if: SambaFixture.obstacle == nil, "\(SambaFixture.obstacle ?? "")"),
      .timeLimit(.minutes(5)))
    func `a domain controller keeps to the port`() async throws {
      try await withSamba { server in
        let failures = await TargetConformance.failures { branch in
          try await Harness(server, branch: branch)
        }
        for failure in failures { Issue.record("\(failure)") }
        try await examine(server)
        try await follow(server)
        try await listen(server)
      }
    }

    /// Doctor finds no fault, also with an account and a group that it makes and removes.
    private func examine(_ server: SambaFixture) async throws {
      let harness = try await Harness(server, branch: "examined")
      let world = try ConformanceWorld(harness)
      _ = try await world.account(of: world.ada)
      let found = Mutex<[Diagnosis]>([])
      let target = try #require(harness.target as? LDAPTarget)
      let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
      await target.examine(Examination(now: now, scratch: true)) { diagnosis in
        found.withLock { $0.append(diagnosis) }
      }
      let diagnoses = found.withLock { $0 }
      #expect(!diagnoses.contains { $0.verdict == .fault }, "\(diagnoses)")
      for topic in ["product", "schema", "immutable ids", "rights on groups", "scratch"] {
        #expect(diagnoses.contains { $0.topic == topic && $0.verdict == .fine }, "\(topic)")
      }
      await harness.tearDown()
    }

    /// Its `objectGUID` reads as Microsoft's tools write it, and finds a group under its new name.
    private func follow(_ server: SambaFixture) async throws {
      let harness = try await Harness(server, branch: "followed")
      let world = try ConformanceWorld(harness)
      let ada = try await world.account(of: world.ada)
      let target = harness.target
      let id = try await world.groupID(0)
      let guid = try #require(UUID(uuidString: id), "\(id)")
      #expect(id == guid.uuidString.lowercased())
      let name = harness.groups[0]
      try await server.modify(
        "dn: \(name)\nchangetype: modrdn\nnewrdn: cn=renamed\ndeleteoldrdn: 1\n")
      let moved = name.replacing("cn=alpha", with: "cn=renamed")
      #expect(try await server.values(of: "name", at: "<GUID=\(id)>") == ["renamed"])
      let outcome = try await target.apply([world.addition(ada, to: 0, id: id)]) { _ in }[0]
      #expect(outcome.isDone, "\(outcome)")
      #expect(
        try await server.values(of: "member", at: moved).map { $0.lowercased() }
          == [ada.identity?.key.rawValue])
      await harness.tearDown()
    }

    /// A member taken out by hand rings within seconds, and so does an account that is deleted; a change
    /// elsewhere does not.
    private func listen(_ server: SambaFixture) async throws {
      let harness = try await Harness(server, branch: "heard")
      let world = try ConformanceWorld(harness)
      let other = try await Harness(server, branch: "unheard")
      let ada = try await world.account(of: world.ada)
      let target = try #require(harness.target as? LDAPTarget)
      let name = try #require(ada.identity?.key.rawValue)
      let heard = Rings()
      let listening = Task {
        await target.listen { ring in
          if ring == .changed { heard.count.withLock { $0 += 1 } }
        }
      }
      /// Waits for a ring after `number`, and for a second in which there was none. Gives the last.
      func ring(after number: Int) async throws -> Int {
        var last = number
        for _ in 0..<60 {
          try await Task.sleep(for: .milliseconds(1_500))
          let now = heard.count.withLock { $0 }
          if now > number, now == last { return now }
          last = now
        }
        throw Unheard(rings: last)
      }
      // Each branch is heard for itself, and rings for what went before.
      var rings = try await ring(after: 1)
      try await server.modify(
        "dn: \(other.groups[0])\nchangetype: modify\nreplace: description\ndescription: x\n")
      try await Task.sleep(for: .seconds(3))
      #expect(heard.count.withLock { $0 } == rings)
      for change in [
        "dn: \(harness.groups[0])\nchangetype: modify\nadd: member\nmember: \(name)\n",
        "dn: \(harness.groups[0])\nchangetype: modify\ndelete: member\nmember: \(name)\n",
        "dn: \(name)\nchangetype: delete\n",
      ] {
        try await server.modify(change)
        rings = try await ring(after: rings)
      }
      listening.cancel()
      await listening.value
      await harness.tearDown()
      await other.tearDown()
    }

    private final class Rings: Sendable { let count = Mutex(0) }

    private struct Unheard: Error { let rings: Int }
  }
}

private struct Harness: ConformanceHarness {
  let server: SambaFixture
  let branch: String
  let target: any Target
  private let road: Forwarder

  init(_ server: SambaFixture, branch: String) async throws {
    self.server = server
    self.branch = branch
    road = try Forwarder(to: server.port, of: server.address)
    let base = "ou=\(branch),\(server.suffix)"
    var configuration = LDAPTarget.Configuration(
      id: "corp", urls: ["ldap://127.0.0.1:\(road.port)"],
      bind: .simple(dn: server.adminDN, password: Secret(Array(server.adminPassword.utf8))),
      accounts: .init(
        base: "ou=guests,\(base)", objectClasses: ["user"], rdn: "cn", anchor: "employeeNumber"),
      groups: .init(base: "ou=groups,\(base)", objectClass: "group"))
    configuration.immutableID = "objectGUID"
    configuration.operationTimeout = .seconds(10)
    target = try LDAPTarget(configuration)
    var tree = "dn: \(base)\nobjectClass: organizationalUnit\n"
    for unit in ["guests", "groups"] {
      tree += "\ndn: ou=\(unit),\(base)\nobjectClass: organizationalUnit\n"
    }
    for group in groups { tree += "\ndn: \(group)\nobjectClass: group\n" }
    try await server.modify(tree)
  }

  private var base: String { "ou=\(branch),\(server.suffix)" }
  var groups: [String] { ["alpha", "gamma"].map { "cn=\($0),ou=groups,\(base)" } }
  var missingGroup: String { "cn=beta,ou=groups,\(base)" }
  let disableRule: DisableRule? = .set(["employeeType": ["disabled"]])
  let freeAttribute = "description"

  func attributes(of subject: SubjectID) -> [String: [String]] {
    [
      "cn": ["u-\(subject)"], "sAMAccountName": ["\(branch)-\(subject)"],
      "description": ["Made for a test"], "userAccountControl": ["512"],
    ]
  }

  func writeCount() async throws -> Int { try await server.writes() }

  func cutConnection() async throws { road.close() }

  func recreateGroup(_ name: String) async throws {
    try await server.modify(
      "dn: \(name)\nchangetype: delete\n\ndn: \(name)\nchangetype: add\nobjectClass: group\n")
  }

  func tearDown() async { road.close() }
}
