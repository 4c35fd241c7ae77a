import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Synchronization
import Testing

extension DirectoryTests {
  @Suite struct Examining {
    private static func now() -> Instant {
      Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    private func examine(
      _ directory: Directory, at now: Instant = now(), scratch: Bool = false
    ) async -> [Diagnosis] {
      let found = Mutex<[Diagnosis]>([])
      await directory.target.examine(Examination(now: now, scratch: scratch)) { diagnosis in
        found.withLock { $0.append(diagnosis) }
      }
      return found.withLock { $0 }
    }

    private func names(_ directory: Directory) async throws -> [String] {
      try await directory.slapd.search(directory.slapd.options.suffix, attributes: ["1.1"])
        .split(separator: "\n").map { String($0) }.sorted()
    }

    private func verdict(_ topic: String, in diagnoses: [Diagnosis]) -> Diagnosis.Verdict? {
      diagnoses.first { $0.topic == topic }?.verdict
    }

    @Test func `a healthy directory has no fault, and nothing in it is changed`() async throws {
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      options.indexes += ["entryCSN eq"]
      options.certificateNames = ["IP:127.0.0.1"]
      try await Directory.with(options: options) { configuration, slapd in
        configuration.urls = [slapd.tlsURL]
        configuration.caFile = slapd.caFile
      } _: { directory in
        _ = try await directory.account("ada")
        let before = try await directory.slapd.search(
          directory.slapd.options.suffix, attributes: ["*", "+"])
        let diagnoses = await examine(directory)
        #expect(
          try await directory.slapd.search(
            directory.slapd.options.suffix, attributes: ["*", "+"]) == before)
        for topic in [
          "server", "identity", "product", "accounts", "anchors", "immutable ids", "groups",
          "group class", "rights on accounts", "rights on groups", "limits", "change feed",
        ] {
          #expect(verdict(topic, in: diagnoses) == .fine, "\(topic)")
        }
        // The fixture's certificate holds for two days.
        #expect(verdict("certificate", in: diagnoses) == .fault)
        #expect(!diagnoses.contains { $0.measured.contains(directory.slapd.servicePassword) })
      }
    }

    @Test func `a server that is down is a fault, and one of two a warning`() async throws {
      try await Directory.with { configuration, slapd in
        configuration.urls = ["ldap://127.0.0.1:1", slapd.url]
      } _: { directory in
        let diagnoses = await examine(directory)
        #expect(diagnoses[0].topic == "server" && diagnoses[0].verdict == .warning)
        #expect(diagnoses[1].verdict == .fine)
      }
      try await Directory.with { configuration, _ in
        configuration.urls = ["ldap://127.0.0.1:1"]
      } _: { directory in
        let diagnoses = await examine(directory)
        #expect(diagnoses.map(\.verdict) == [.fault])
        #expect(diagnoses[0].wayOut != nil)
      }
      try await Directory.with { configuration, slapd in
        configuration.bind = .simple(dn: slapd.serviceDN, password: Secret(Array("wrong".utf8)))
        configuration.urls = [slapd.url, slapd.url]
      } _: { directory in
        #expect(await examine(directory).map(\.verdict) == [.fault])
      }
    }

    @Test func `rights that are missing, hidden members and limits are named with the way out`()
      async throws
    {
      var options = SlapdFixture.Options()
      options.serviceAccess = "read"
      options.accessRules = ["to attrs=member by * none"]
      options.sizeLimit = 3
      options.ldif = (0..<5).map {
        "\ndn: uid=u\($0),ou=guests,dc=example,dc=org\n"
          + "objectClass: inetOrgPerson\ncn: u\nsn: u\nemployeeNumber: 1\n"
      }.joined()
      try await Directory.with(options: options) { directory in
        let diagnoses = await examine(directory)
        for topic in [
          "accounts", "members", "rights on accounts", "rights on groups", "limits",
        ] {
          #expect(verdict(topic, in: diagnoses) == .fault, "\(topic)")
          #expect(diagnoses.first { $0.topic == topic }?.wayOut != nil)
        }
        let limits = diagnoses.first { $0.topic == "limits" }
        #expect(
          limits?.remedy?.contains("olcLimits: dn.exact=\"\(directory.slapd.serviceDN)\"") == true)
      }
    }

    @Test func `a last member that could not be removed, and shared anchors, are warned of`()
      async throws
    {
      var options = SlapdFixture.Options()
      options.ldif = (0..<2).map {
        "\ndn: uid=u\($0),ou=guests,dc=example,dc=org\n"
          + "objectClass: inetOrgPerson\ncn: u\nsn: u\nemployeeNumber: 1\n"
      }.joined()
      try await Directory.with(options: options) { configuration, _ in
        configuration.groups?.placeholder = nil
      } _: { directory in
        let diagnoses = await examine(directory)
        #expect(verdict("group class", in: diagnoses) == .warning)
        #expect(verdict("anchors", in: diagnoses) == .warning)
      }
    }

    @Test func `scratch objects are made, written and gone`() async throws {
      for kind in GroupKind.allCases {
        try await Directory.with(kind) { directory in
          let before = try await names(directory)
          let steps = await examine(directory, scratch: true).filter { $0.topic == "scratch" }
          #expect(steps.count == 9)
          #expect(steps.allSatisfy { $0.verdict == .fine }, "\(steps)")
          #expect(try await names(directory) == before)
        }
      }
    }

    @Test func `a clock that is ahead of the server's changes is told`() async throws {
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      options.accessRules = ["to dn.base=\"dc=example,dc=org\" by * read"]
      try await Directory.with(options: options) { directory in
        _ = try await directory.account("ada")
        let diagnoses = await examine(
          directory, at: Self.now().adding(.seconds(-1000)))
        #expect(verdict("clock", in: diagnoses) == .fault)
      }
    }

    @Test func `what a server hides is said, and nothing is made of it`() async throws {
      var options = SlapdFixture.Options()
      options.hidesRootEntry = true
      try await Directory.with(options: options) { directory in
        _ = try await directory.account("ada")
        let diagnoses = await examine(directory)
        #expect(verdict("root entry", in: diagnoses) == .advice)
        #expect(verdict("rights on groups", in: diagnoses) == .fine)
        #expect(!diagnoses.contains { $0.verdict == .fault })
      }
    }

    @Test func `members that are not kept sorted are seen in the time that a search takes`()
      async throws
    {
      var options = SlapdFixture.Options()
      let members = (0..<8000).map { "member: uid=m\($0),ou=guests,dc=example,dc=org\n" }.joined()
      options.ldif =
        "\ndn: cn=large,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\n" + members
      for isSorted in [true, false] {
        options.sortedAttributes = isSorted ? ["member"] : []
        try await Directory.with(options: options) { directory in
          let diagnoses = await examine(directory)
          #expect(
            verdict("sorted members", in: diagnoses) == (isSorted ? .fine : .advice),
            "\(diagnoses.filter { $0.topic == "sorted members" })")
        }
      }
    }
  }
}
