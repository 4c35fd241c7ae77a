import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Testing

extension DirectoryTests {
  /// Servers that are stopped, restarted, restored or made read-only between a reading and the writes
  /// that follow it, or during them.
  @Suite struct ChangingServers {
    @Test(arguments: GroupKind.allCases)
    func `a server that was made read-only stops the target, and is written once it is writable`(
      kind: GroupKind
    ) async throws {
      try await Directory.with(
        kind, configure: { configuration, _ in configuration.groups?.template = .init() }
      ) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        let additions =
          try await directory.additions(accounts, to: "alpha")
          + directory.additions([accounts[0]], to: "gamma")
        let others = [
          directory.creation("eve"), directory.creation("zoe"),
          .disableAccount(
            accounts[0], .moveTo(directory.slapd.disabledAccounts), because: directory.ended),
          .deleteAccount(accounts[1], because: directory.ended),
          .createGroup(try directory.group("new"), because: directory.because),
        ]
        try await directory.slapd.configure("replace: olcReadOnly\nolcReadOnly: TRUE")
        let before = try await directory.slapd.contents()
        for outcome in try await directory.apply(others + additions) {
          guard case .failed(.stopTarget, let reason) = outcome else {
            Issue.record("\(outcome)")
            continue
          }
          #expect(reason.contains("takes no writes") && reason.contains("(53)"), "\(reason)")
        }
        #expect(try await directory.slapd.contents() == before)
        #expect(try await directory.read().coverage == .complete)

        try await directory.slapd.configure("replace: olcReadOnly\nolcReadOnly: FALSE")
        for outcome in try await directory.apply(additions) {
          #expect(outcome == .applied())
        }
      }
    }

    @Test func `a refusal of one entry is not taken for one of all`() async throws {
      var options = SlapdFixture.Options()
      // A referral object: what is below it is on another server (RFC 3296).
      options.ldif = """

        dn: ou=far,ou=groups,dc=example,dc=org
        objectClass: referral
        objectClass: extensibleObject
        ref: ldap://127.0.0.1:9/ou=far,dc=example,dc=net

        """
      try await Directory.with(options: options) { directory in
        let ada = try await directory.account("ada")
        let far = Change.addMember(
          Membership(
            group: try directory.target.entitlementKey(
              for: "cn=x,ou=far,\(directory.slapd.groups)"), groupID: "x", account: ada),
          because: directory.because)
        let outcomes = try await directory.apply(
          [far] + directory.additions([ada], to: "alpha"))
        #expect(outcomes.map(\.word) == ["refused", "applied"], "\(outcomes)")
      }
    }

    @Test func `a read-only copy is read whole, and its referral names the way out`() async throws {
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      try await Directory.with(options: options) { directory in
        let provider = directory.slapd
        let accounts = try await directory.accounts(["ada", "bob"])
        let additions = try await directory.additions(accounts, to: "alpha")
        _ = try await directory.apply([additions[0]])
        var copy = SlapdFixture.Options()
        copy.content = try await provider.contents()
        copy.databaseSettings = [
          "olcSyncrepl: rid=001 provider=\(provider.url) bindmethod=simple "
            + "binddn=\"\(provider.adminDN)\" credentials=\(provider.adminPassword) "
            + "searchbase=\"\(options.suffix)\" type=refreshAndPersist retry=\"1 +\"",
          "olcUpdateRef: \(provider.url)",
        ]
        try await withSlapd(copy) { consumer in
          var configuration = directory.configuration
          configuration.urls = [consumer.url]
          let target = try LDAPTarget(configuration)
          let scope = try directory.scope()
          let state = try await target.readActualState(scope)
          #expect(state.coverage == .complete)
          #expect(state.groups == (try await directory.read()).groups)
          #expect(state.memberships.count == 1)
          let before = try await provider.contents()
          let outcomes = try await target.apply(
            [additions[1], directory.creation("eve")]) { _ in }
          for outcome in outcomes {
            guard case .failed(.stopTarget, let reason) = outcome else {
              Issue.record("\(outcome)")
              continue
            }
            #expect(reason.contains("read-only copy") && reason.contains("'url'"), "\(reason)")
          }
          #expect(try await provider.contents() == before)

          // What is written to the provider is what the copy then shows.
          #expect(try await directory.apply([additions[1]]) == [.applied()])
          var found = 0
          for _ in 0..<2_000 where found != 2 {
            try await Task.sleep(for: .milliseconds(20))
            found = try await target.readActualState(scope).memberships.count
          }
          #expect(found == 2)
        }
      }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a server that is killed and started again in the middle is written to the end`()
      async throws
    {
      try await Directory.with { directory in
        let slapd = directory.slapd
        let creations = (0..<400).map { directory.creation("u\($0)") }
        let restart = Task {
          try await Task.sleep(for: .milliseconds(20))
          await slapd.stop()
          try await slapd.start()
        }
        let outcomes: [Outcome]
        do {
          outcomes = try await directory.apply(creations)
        } catch let error as TargetError {
          #expect(error.disposition == .retryLater)
          outcomes = []
        }
        try await restart.value
        let found = try await slapd.search(slapd.accounts, attributes: ["1.1"])
        for (number, outcome) in outcomes.enumerated() {
          let exists = found.contains("dn: \(directory.dn("u\(number)"))\n")
          switch outcome {
          case .applied, .alreadyInState: #expect(exists)
          case .failed: #expect(!exists)
          case .unknown: break
          case .refused: Issue.record("\(outcome)")
          }
        }
        for outcome in try await directory.apply(creations) { #expect(outcome.isDone) }
        #expect(try await directory.read().accounts.count == 400)
      }
    }

    @Test func `a server that was restored meanwhile gets what was planned and nothing else`()
      async throws
    {
      try await Directory.with(configure: { configuration, slapd in
        configuration.memory = .init(
          fullReading: .seconds(3600), path: slapd.path("memory"),
          now: { Instant(microseconds: 1_768_176_000_000_000) })
      }) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(
          try await directory.additions([accounts[0]], to: "alpha")
            + directory.additions(accounts, to: "gamma"))
        try await directory.slapd.backUp()
        let eve = try await directory.account("eve")
        let all = accounts + [eve]
        _ = try await directory.apply(try await directory.additions([all[1], eve], to: "alpha"))
        #expect(try await directory.read().memberships.count == 5)
        let changes =
          try await directory.removals([accounts[0]], from: "alpha")
          + directory.removals([accounts[1]], from: "alpha")
          + directory.additions([eve], to: "gamma")
        try await directory.slapd.restore()

        let outcomes = try await directory.apply(changes)
        #expect(outcomes.map(\.word) == ["applied", "alreadyInState", "failed"], "\(outcomes)")
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
        #expect(try await directory.members("gamma") == ["ada", "bob"].map(directory.dn))
        // A version that is older than the one remembered is another one.
        let state = try await directory.read()
        #expect(state.accounts.count == 2 && state.memberships.count == 2)
      }
    }
  }
}
