import AccessModel
import ConnectorTesting
import LDAPTarget
import Synchronization
import Testing

extension DirectoryTests {
  /// Groups as members of groups: told, and neither made nor ended.
  @Suite struct Nesting {
    /// b ∋ a, c ∋ b, d ∋ b, and with a loop a ∋ c.
    private static func options(hasLoop: Bool) -> SlapdFixture.Options {
      var options = SlapdFixture.Options()
      let members = [
        "a": ["uid=ada,ou=guests", hasLoop ? "cn=C,OU=groups" : "cn=nobody"],
        "b": ["cn=a,ou=groups"],
        "c": ["cn=b,ou=groups"], "d": ["cn=b,ou=groups", "uid=ada,ou=guests"],
        "e": ["cn=d,ou=groups"],
      ]
      for (name, values) in members.sorted(by: { $0.key < $1.key }) {
        options.ldif += "\ndn: cn=\(name),ou=groups,\(options.suffix)\nobjectClass: groupOfNames\n"
        options.ldif += values.map { "member: \($0),\(options.suffix)\n" }.joined()
      }
      return options
    }

    @Test(.timeLimit(.minutes(5)), arguments: [false, true])
    func `who is in a group by other groups is told, and a loop ends`(hasLoop: Bool) async throws {
      try await Directory.with(options: Self.options(hasLoop: hasLoop)) { directory in
        let ada = try await directory.account("ada")
        let nested = try await directory.target.nestedMemberships(
          of: try #require(ada.identity))
        func key(_ name: String) throws -> EntitlementKey { try directory.group(name) }
        // Of d she is a member herself, though also by way of b.
        #expect(
          try nested == [
            NestedMembership(group: key("b"), through: [key("a")]),
            NestedMembership(group: key("c"), through: [key("a"), key("b")]),
            NestedMembership(group: key("e"), through: [key("d")]),
          ])
        // In the state a group that is a member is one like any other that is not ours.
        let state = try await directory.read(try directory.scope(["b"]))
        #expect(state.strangers == [AccountKey(try key("a").rawValue)])
      }
    }

    @Test(arguments: [false, true])
    func `doctor counts groups in groups, and those in themselves`(hasLoop: Bool) async throws {
      try await Directory.with(options: Self.options(hasLoop: hasLoop)) { directory in
        let found = Mutex<[Diagnosis]>([])
        await directory.target.examine(
          Examination(now: Instant(microseconds: 1_768_176_000_000_000))
        ) { diagnosis in found.withLock { $0.append(diagnosis) } }
        let diagnosis = try #require(
          found.withLock { $0.first { $0.topic == "nested groups" } })
        #expect(diagnosis.verdict == (hasLoop ? .advice : .fine))
        #expect(diagnosis.measured.hasPrefix(hasLoop ? "5 memberships" : "4 memberships"))
        #expect(!hasLoop || diagnosis.measured.contains("and 3 groups are in themselves"))
      }
    }
  }
}
