import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Testing

extension DirectoryTests {
  @Suite struct WritingMembers {
    @Test(arguments: GroupKind.allCases)
    func `members come and go with one write per group`(kind: GroupKind) async throws {
      try await Directory.with(kind) { directory in
        let accounts = try await directory.accounts(["ada", "bob", "eve"])
        let before = try await directory.slapd.count(of: ["Modify"])
        let additions =
          try await directory.additions(accounts, to: "alpha")
          + directory.additions([accounts[0]], to: "gamma")
        #expect(try await directory.apply(additions) == additions.map { _ in .applied() })
        #expect(try await directory.slapd.count(of: ["Modify"]) - before == 2)
        let values = ["ada", "bob", "eve"].map { kind == .posixGroup ? $0 : directory.dn($0) }
        #expect(try await directory.members("alpha") == values)
        #expect(try await directory.members("gamma") == [values[0]])
        let removals = try await directory.removals(Array(accounts.prefix(2)), from: "alpha")
        #expect(try await directory.apply(removals) == removals.map { _ in .applied() })
        #expect(try await directory.members("alpha") == [values[2]])
        #expect(try await directory.slapd.count(of: ["Modify"]) - before == 3)
      }
    }

    @Test(arguments: [GroupKind.groupOfNames, .groupOfUniqueNames])
    func `the placeholder stands in for the last member, and goes with the first`(
      kind: GroupKind
    ) async throws {
      try await Directory.with(kind) { directory in
        let ada = try await directory.account("ada")
        #expect(
          try await directory.apply(try await directory.additions([ada], to: "alpha"))
            == [.applied()])
        #expect(try await directory.members("alpha") == [directory.dn("ada")])
        #expect(
          try await directory.apply(try await directory.removals([ada], from: "alpha"))
            == [.applied()])
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
        #expect(try await directory.read().memberships.count == 0)
      }
    }

    @Test func `L3: what somebody undoes before it is read back is not believed to be done`()
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(try await directory.additions(accounts, to: "alpha"))
        let (slapd, alpha) = (directory.slapd, "cn=alpha,\(directory.slapd.groups)")
        let ada = directory.dn("ada")
        let relay = try Relay(before: slapd.port) {
          do {
            try await slapd.modify(
              "dn: \(alpha)\nchangetype: modify\nadd: member\nmember: \(ada)\n")
          } catch {
            Issue.record(error)
          }
        }
        defer { relay.close() }
        var configuration = directory.configuration
        configuration.urls = ["ldap://127.0.0.1:\(relay.port)"]
        let target = try LDAPTarget(configuration)
        let removal = try await directory.removals([accounts[0]], from: "alpha")
        #expect(try await target.apply(removal) { _ in } == [.applied()])
        #expect(try await directory.members("alpha") == [directory.dn("bob")])
      }
    }

    @Test(arguments: [1, 3, 4, 10, 51, 52, 53, 80, 99] as [UInt8])
    func `C4: what was done although it was said to have failed is found by reading`(code: UInt8)
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(try await directory.additions([accounts[1]], to: "alpha"))
        let relay = try Relay(before: directory.slapd.port, answering: code)
        defer { relay.close() }
        var configuration = directory.configuration
        configuration.urls = ["ldap://127.0.0.1:\(relay.port)"]
        let addition = try await directory.additions([accounts[0]], to: "alpha")
        let removal = try await directory.removals([accounts[1]], from: "alpha")
        for changes in [[directory.creation("eve")], (addition + removal).sorted()] {
          // One that has seen a server take no writes tries no more.
          let target = try LDAPTarget(configuration)
          for outcome in try await target.apply(changes, progress: { _ in }) {
            #expect(outcome.word == "applied", "\(outcome)")
          }
        }
        #expect(try await directory.members("alpha") == [directory.dn("ada")])
      }
    }

    @Test func `without a placeholder all but the last member go, and it is said`() async throws {
      try await Directory.with(configure: { configuration, _ in
        configuration.groups?.placeholder = nil
      }) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(try await directory.additions(accounts, to: "alpha"))
        try await directory.slapd.modify(
          """
          dn: cn=alpha,\(directory.slapd.groups)
          changetype: modify
          delete: member
          member: \(directory.slapd.placeholder)

          """)
        let outcomes = try await directory.apply(
          try await directory.removals(accounts, from: "alpha"))
        #expect(outcomes.map(\.word) == ["applied", "refused"])
        #expect(outcomes[1].detail?.contains("placeholder") == true)
        #expect(try await directory.members("alpha") == [directory.dn("bob")])
      }
    }

    @Test func `what is so already is told from what was done`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob", "eve"])
        _ = try await directory.apply(
          try await directory.additions([accounts[0]], to: "alpha"))
        #expect(
          try await directory.apply(try await directory.additions(accounts, to: "alpha"))
            == [.alreadyInState(), .applied(), .applied()])
        _ = try await directory.apply(
          try await directory.removals([accounts[1]], from: "alpha"))
        #expect(
          try await directory.apply(try await directory.removals(accounts, from: "alpha"))
            == [.applied(), .alreadyInState(), .applied()])
      }
    }

    @Test func `a member the group spells otherwise is found and removed`() async throws {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        try await directory.slapd.modify(
          """
          dn: cn=alpha,\(directory.slapd.groups)
          changetype: modify
          add: member
          member: UID=ADA,OU=Guests,DC=Example,DC=Org

          """)
        #expect(
          try await directory.apply(try await directory.additions([ada], to: "alpha"))
            == [.alreadyInState()])
        #expect(
          try await directory.apply(try await directory.removals([ada], from: "alpha"))
            == [.applied()])
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
      }
    }

    @Test func `a spelling that only the server takes for the same is already in state`()
      async throws
    {
      try await Directory.with { directory in
        // Composed and decomposed: one name to slapd, two to us.
        let accounts = try await directory.accounts(["ada", "zo\u{eb}", "eve"])
        try await directory.slapd.modify(
          """
          dn: cn=alpha,\(directory.slapd.groups)
          changetype: modify
          add: member
          member: uid=zoe\u{308},ou=guests,dc=example,dc=org

          """)
        #expect(
          try await directory.apply(try await directory.additions(accounts, to: "alpha"))
            == [.applied(), .alreadyInState(), .applied()])
        #expect(try await directory.members("alpha").count == 3)
      }
    }

    @Test func `one bad value does not give up the others`() async throws {
      try await Directory.with(configure: { configuration, _ in
        // Names with accents are legal values of cn, and not of memberUid.
        configuration.groups?.objectClass = "posixGroup"
        configuration.groups?.memberValue = .attribute("cn")
        configuration.groups?.placeholder = nil
      }) { directory in
        try await directory.slapd.modify(
          "dn: cn=shell,\(directory.slapd.groups)\nobjectClass: posixGroup\ngidNumber: 1\n")
        let uids = (0..<40).map { $0 == 23 ? "zo\u{eb}" : "u\($0)" }
        let accounts = try await directory.accounts(uids)
        let outcomes = try await directory.apply(
          try await directory.additions(accounts, to: "shell"))
        for (uid, outcome) in zip(uids, outcomes) {
          #expect(outcome.word == (uid == "zo\u{eb}" ? "refused" : "applied"), "\(uid)")
        }
        #expect(
          try await directory.slapd.values(
            of: "memberUid", at: "cn=shell,\(directory.slapd.groups)"
          ).count == 39)
      }
    }

    @Test func `a group that is gone, anew or unread is refused, and others are written`()
      async throws
    {
      try await Directory.with { directory in
        let ada = try await directory.account("ada")
        let gone = Change.addMember(
          Membership(group: try directory.group("beta"), groupID: "x", account: ada),
          because: directory.because)
        let anew = Change.addMember(
          Membership(group: try directory.group("alpha"), groupID: "x", account: ada),
          because: directory.because)
        let unread = Change.addMember(
          Membership(group: try directory.group("gamma"), groupID: nil, account: ada),
          because: directory.because)
        let outside = Change.addMember(
          Membership(group: "cn=nobody,dc=example,dc=org", groupID: "x", account: ada),
          because: directory.because)
        let good = try await directory.additions([ada], to: "gamma")
        let outcomes = try await directory.apply([gone, anew, unread, outside] + good)
        #expect(
          outcomes.map(\.word) == ["failed", "refused", "refused", "refused", "applied"])
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
      }
    }

    @Test func `an account that is gone is not added, and its value is removed`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        _ = try await directory.apply(
          try await directory.additions([accounts[0]], to: "alpha"))
        for account in accounts {
          try await directory.slapd.modify(
            "dn: \(account.identity?.key.rawValue ?? "")\nchangetype: delete\n")
        }
        let outcomes = try await directory.apply(
          try await directory.removals([accounts[0]], from: "alpha")
            + directory.additions([accounts[1]], to: "alpha"))
        #expect(outcomes.map(\.word) == ["applied", "failed"])
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
      }
    }

    @Test(arguments: GroupKind.allCases)
    func `a stranger is removed as the group names it`(kind: GroupKind) async throws {
      try await Directory.with(kind) { directory in
        let value = kind == .posixGroup ? "Stranger" : "uid=Stranger,ou=else,dc=example,dc=org"
        try await directory.slapd.modify(
          """
          dn: cn=alpha,\(directory.slapd.groups)
          changetype: modify
          add: \(kind.memberAttribute)
          \(kind.memberAttribute): \(value)

          """)
        let stranger = try #require(try await directory.read().strangers.first)
        let outcome = try await directory.apply(
          try await directory.removals(
            [
              AccountReference(
                subject: nil, displayName: nil,
                identity: AccountIdentity(key: stranger, immutableID: ""))
            ], from: "alpha"))
        #expect(outcome == [.applied()])
        #expect(try await !directory.members("alpha").contains(value))
      }
    }

    @Test func `a group of twenty thousand is filled and emptied in few writes`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = (0..<20_000).map { number in
        """

        dn: uid=u\(number),ou=guests,dc=example,dc=org
        objectClass: inetOrgPerson
        cn: u
        sn: u
        employeeNumber: subject-u\(number)

        """
      }.joined()
      try await Directory.with(options: options) { directory in
        let accounts = try await directory.read().accounts.map {
          AccountReference(subject: $0.anchor, displayName: nil, identity: $0.identity)
        }
        try #require(accounts.count == 20_000)
        let before = try await directory.slapd.count(of: ["Modify"])
        let added = try await directory.apply(
          try await directory.additions(accounts, to: "alpha"))
        #expect(added.allSatisfy { $0 == .applied() })
        #expect(try await directory.slapd.count(of: ["Modify"]) - before == 2)
        #expect(try await directory.read().memberships.count == 20_000)
        let removed = try await directory.apply(
          try await directory.removals(accounts, from: "alpha"))
        #expect(removed.allSatisfy { $0 == .applied() })
        #expect(try await directory.slapd.count(of: ["Modify"]) - before == 4)
        #expect(try await directory.members("alpha") == [directory.slapd.placeholder])
      }
    }

    @Test func `two writers at once both come to what they want`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts((0..<60).map { "u\($0)" })
        let additions = try await directory.additions(accounts, to: "alpha")
        async let first = directory.apply(additions)
        async let second = directory.apply(additions.reversed())
        for outcome in try await first + second { #expect(outcome.isDone, "\(outcome)") }
        #expect(try await directory.members("alpha").count == 60)
      }
    }

    @Test func `a server that dies in the middle leaves no change without an honest outcome`()
      async throws
    {
      try await Directory.with(configure: { configuration, _ in
        configuration.operationTimeout = .seconds(1)
      }) { directory in
        let accounts = try await directory.accounts((0..<20).map { "u\($0)" })
        let additions = try await directory.additions(accounts, to: "alpha")
        // Hangs once the first round is under way, so that some request is on its way.
        let slapd = directory.slapd
        let hang = Task {
          try await Task.sleep(for: .milliseconds(3))
          try slapd.freeze()
        }
        let outcomes: [Outcome]
        do {
          outcomes = try await directory.apply(additions)
        } catch is TargetError {
          return
        }
        try await hang.value
        await slapd.stop()
        try await slapd.start()
        let members = try await directory.members("alpha")
        for (uid, outcome) in zip((0..<20).map { "u\($0)" }, outcomes) {
          let isMember = members.contains(directory.dn(uid))
          switch outcome {
          case .applied, .alreadyInState: #expect(isMember)
          case .failed: #expect(!isMember)
          case .unknown: break
          case .refused: Issue.record("\(outcome)")
          }
        }
      }
    }

    @Test func `progress ends where the batch does`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        let (stream, reports) = AsyncStream.makeStream(of: AccessModel.Progress.self)
        _ = try await directory.target.apply(
          try await directory.additions(accounts, to: "alpha")
        ) { reports.yield($0) }
        reports.finish()
        var last: AccessModel.Progress?
        for await report in stream { last = report }
        #expect(last == AccessModel.Progress(done: 2, total: 2))
      }
    }
  }
}
