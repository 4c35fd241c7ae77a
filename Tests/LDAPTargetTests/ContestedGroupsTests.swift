import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Synchronization
import Testing

extension DirectoryTests {
  /// Groups that somebody else changes meanwhile, that the server makes dear, or that have many members.
  @Suite struct ContestedGroups {
    @Test func `a group that was changed after it was read is read again, and both changes hold`()
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(try await directory.additions([accounts[0]], to: "alpha"))
        let additions = try await directory.additions([accounts[1]], to: "alpha")
        // With our first modify on its way, and before the server has it, somebody else is faster.
        let seen = Mutex(0)
        let slapd = directory.slapd
        let edit = """
          dn: cn=alpha,\(slapd.groups)
          changetype: modify
          delete: member
          member: \(directory.dn("ada"))
          -
          add: member
          member: uid=eve,\(slapd.accounts)
          """
        let road = try Forwarder(to: slapd.port) { bytes in
          guard Self.isModify(bytes),
            seen.withLock({ count in
              count += 1
              return count == 1
            })
          else { return }
          let done = DispatchSemaphore(value: 0)
          Task.detached {
            do { try await slapd.modify(edit) } catch { Issue.record(error) }
            done.signal()
          }
          done.wait()
        }
        defer { road.close() }
        var configuration = directory.configuration
        configuration.urls = ["ldap://127.0.0.1:\(road.port)"]
        let before = try await slapd.count(of: ["Modify"])
        let outcomes = try await LDAPTarget(configuration).apply(additions) { _ in }
        #expect(outcomes == [.applied()])
        // The other's, ours in vain (122), and ours again.
        #expect(try await slapd.count(of: ["Modify"]) - before == 3)
        #expect(seen.withLock { $0 } == 2)
        #expect(try await directory.members("alpha") == [directory.dn("bob"), directory.dn("eve")])
      }
    }

    @Test
    func `L1: where accounts show their groups, they show what was written, in smaller parts`()
      async throws
    {
      for hasOverlay in [false, true] {
        var options = SlapdFixture.Options()
        if hasOverlay { options.overlays = [.init("memberof", "MemberOfConfig")] }
        try await Directory.with(options: options) { directory in
          let accounts = try await directory.accounts((0..<600).map { "u\($0)" })
          _ = try await directory.apply(
            try await directory.additions(Array(accounts.prefix(20)), to: "gamma"))
          let before = try await directory.slapd.count(of: ["Modify"])
          let additions = try await directory.additions(accounts, to: "alpha")
          for outcome in try await directory.apply(additions) { #expect(outcome == .applied()) }
          #expect(
            try await directory.slapd.count(of: ["Modify"]) - before == (hasOverlay ? 2 : 1))
          func shown() async throws -> Int {
            try await directory.slapd.values(of: "memberOf", at: directory.dn("u0")).count
          }
          #expect(try await shown() == (hasOverlay ? 2 : 0))
          let removals = try await directory.removals(accounts, from: "alpha")
          for outcome in try await directory.apply(removals) { #expect(outcome == .applied()) }
          #expect(try await shown() == (hasOverlay ? 1 : 0))
        }
      }
    }

    @Test func `what a reading proved of many accounts is not asked for again, of few it is`()
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts((0..<700).map { "u\($0)" })
        let slapd = directory.slapd
        func searches(_ changes: [Change]) async throws -> Int {
          _ = try await directory.read()
          let before = try await slapd.count(of: ["Search"])
          for outcome in try await directory.apply(changes) { #expect(outcome.isDone) }
          return try await slapd.count(of: ["Search"]) - before
        }
        #expect(try await searches(try await directory.additions(accounts, to: "alpha")) < 40)
        let few = Array(accounts.prefix(100))
        #expect(try await searches(try await directory.additions(few, to: "gamma")) > 100)

        // An account that is another one by now was not proved.
        try await slapd.modify(
          """
          dn: \(directory.dn("u650"))
          changetype: delete

          dn: \(directory.dn("u650"))
          objectClass: inetOrgPerson
          cn: another
          sn: another
          """)
        _ = try await directory.read()
        let outcomes = try await directory.apply(
          try await directory.additions(Array(accounts.dropFirst(100)), to: "gamma"))
        for (number, outcome) in outcomes.enumerated() {
          #expect(outcome.word == (number == 550 ? "refused" : "applied"), "\(number) \(outcome)")
        }
      }
    }

    @Test func `a groupOfUniqueNames too is deleted with its last member and made for its next`()
      async throws
    {
      try await Directory.with(
        .groupOfUniqueNames,
        configure: { configuration, _ in
          configuration.groups?.placeholder = nil
          configuration.groups?.recreate = true
        }
      ) { directory in
        let key = try directory.group("new")
        let ada = try await directory.account("ada")
        for _ in 0..<2 {
          let made = try await directory.apply(.createGroup(key, because: directory.because))
          #expect(made.groupID != nil)
          #expect(
            try await directory.apply(try await directory.additions([ada], to: "new"))
              == [.applied()])
          #expect(try await directory.members("new") == [directory.dn("ada")])
          #expect(
            try await directory.apply(try await directory.removals([ada], from: "new"))
              == [.applied()])
          #expect(try await !directory.slapd.exists("cn=new,\(directory.slapd.groups)"))
        }
      }
    }

    /// Whether what a client sends begins with a modify: a sequence, an id, and its tag (RFC 4511 §4.6).
    private static func isModify(_ bytes: [UInt8]) -> Bool {
      guard bytes.count > 2 else { return false }
      let start = bytes[1] < 0x80 ? 2 : 2 + Int(bytes[1] & 0x7f)
      guard start + 1 < bytes.count, bytes[start] == 2 else { return false }
      let tag = start + 2 + Int(bytes[start + 1])
      return tag < bytes.count && bytes[tag] == 0x66
    }
  }
}
