import AccessModel
import ConnectorTesting
import LDAPTarget
import Testing

extension DirectoryTests {
  /// Groups that are created, deleted, renamed, or kept in two attributes.
  @Suite struct KeepingGroups {
    @Test func `a group is deleted with its last member and created for its next`() async throws {
      try await Directory.with(configure: { configuration, _ in
        configuration.groups?.placeholder = nil
        configuration.groups?.recreate = true
      }) { directory in
        let key = try directory.group("new")
        #expect(directory.target.traits.createsMissingGroups)
        let id = try #require(
          try await directory.apply(.createGroup(key, because: directory.because)).groupID)
        let scope = try directory.scope(["new"])
        let empty = try await directory.read(scope)
        #expect(empty.groups == [.present(immutableID: id, coverage: .complete)])
        #expect(empty.memberships.count == 0)

        let accounts = try await directory.accounts(["ada", "bob"])
        #expect(
          try await directory.apply(try await directory.additions(accounts, to: "new"))
            == [.applied(), .applied()])
        #expect(try await directory.members("new") == ["ada", "bob"].map(directory.dn))
        let removals = try await directory.removals(accounts, from: "new")
        #expect(try await directory.apply(removals) == [.applied(), .applied()])
        #expect(try await !directory.slapd.exists("cn=new,\(directory.slapd.groups)"))
        #expect(try await directory.read(scope).groups == [.missing])
      }
    }

    @Test func `a group with more than could be created again keeps its last member`()
      async throws
    {
      try await Directory.with(configure: { configuration, _ in
        configuration.groups?.placeholder = nil
        configuration.groups?.recreate = true
      }) { directory in
        let accounts = try await directory.accounts(["ada"])
        try await directory.slapd.modify(
          """
          dn: cn=kept,\(directory.slapd.groups)
          objectClass: groupOfNames
          description: by hand
          member: \(directory.dn("ada"))
          """)
        let outcome = try await directory.apply(
          try await directory.removals(accounts, from: "kept"))[0]
        #expect(outcome.word == "refused", "\(outcome)")
        #expect(try await directory.members("kept") == [directory.dn("ada")])
      }
    }

    @Test func `groups get numbers that no other group has, also when two create at once`()
      async throws
    {
      try await Directory.with(
        .posixGroup,
        configure: { configuration, _ in
          configuration.groups?.template = .init(
            attributes: ["description": ["of Bellhop"]], number: ("gidNumber", 4710...4716))
        }
      ) { directory in
        let names = ["a", "b", "c", "d"]
        let keys = try names.map { try directory.group($0) }
        let target = directory.target
        let because = directory.because
        try await withThrowingTaskGroup(of: [Outcome].self) { group in
          for half in [keys.prefix(2), keys.suffix(2)] {
            group.addTask {
              try await target.apply(half.map { .createGroup($0, because: because) }) { _ in }
            }
          }
          for try await outcomes in group {
            for outcome in outcomes { #expect(outcome.groupID != nil, "\(outcome)") }
          }
        }
        var numbers: Set<String> = []
        for name in names {
          let group = "cn=\(name),\(directory.slapd.groups)"
          numbers.formUnion(try await directory.slapd.values(of: "gidNumber", at: group))
          #expect(
            try await directory.slapd.values(of: "description", at: group) == ["of Bellhop"])
        }
        #expect(numbers.count == 4 && !numbers.contains("4711"), "\(numbers)")
        let rest = try await directory.apply(
          try ["e", "f", "g"].map { .createGroup(try directory.group($0), because: because) })
        #expect(rest.map(\.word) == ["applied", "applied", "refused"], "\(rest)")
      }
    }

    @Test func `two attributes are kept together in one write, and what is missing is seen`()
      async throws
    {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: cn=both,ou=groups,dc=example,dc=org
        objectClass: groupOfNames
        objectClass: extensibleObject
        member: cn=nobody,dc=example,dc=org

        """
      try await Directory.with(
        options: options,
        configure: { configuration, _ in
          configuration.groups?.companions = [("memberUid", .uid)]
        }
      ) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        let group = "cn=both,\(directory.slapd.groups)"
        func uids() async throws -> [String] {
          try await directory.slapd.values(of: "memberUid", at: group)
        }
        let before = try await directory.slapd.count(of: ["Modify"])
        let additions = try await directory.additions(accounts, to: "both")
        #expect(try await directory.apply(additions) == [.applied(), .applied()])
        #expect(try await directory.slapd.count(of: ["Modify"]) == before + 1)
        #expect(try await directory.members("both") == ["ada", "bob"].map(directory.dn))
        #expect(try await uids() == ["ada", "bob"])
        let scope = try directory.scope(["both"])
        #expect(try await directory.read(scope).incomplete.count == 0)

        try await directory.slapd.modify(
          "dn: \(group)\nchangetype: modify\ndelete: memberUid\nmemberUid: ada\n")
        let half = try await directory.read(scope)
        #expect(half.memberships.count == 2 && half.incomplete.count == 1)
        #expect(try await directory.apply(additions) == [.applied(), .alreadyInState()])
        #expect(try await uids() == ["ada", "bob"])

        try await directory.slapd.modify(
          "dn: \(group)\nchangetype: modify\ndelete: member\nmember: \(directory.dn("ada"))\n")
        let removals = try await directory.removals(accounts, from: "both")
        #expect(try await directory.apply(removals) == [.applied(), .applied()])
        #expect(try await uids() == [])
        #expect(try await directory.members("both") == [directory.slapd.placeholder])
      }
    }

    @Test func `G5: a renamed group is followed by its immutable id, for reading and writing`()
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada"])
        let additions = try await directory.additions(accounts, to: "alpha")
        let removals = try await directory.removals(accounts, from: "alpha")
        let id = try await directory.groupID("alpha")
        _ = try await directory.apply(additions)
        try await directory.slapd.modify(
          """
          dn: cn=alpha,\(directory.slapd.groups)
          changetype: modrdn
          newrdn: cn=omega
          deleteoldrdn: 1
          """)
        let key = try directory.group("alpha")
        let scope = ManagedScope(
          groups: [key], groupIDs: [key: id], attributes: [], disable: nil)
        let state = try await directory.read(scope)
        #expect(state.groups == [.present(immutableID: id, coverage: .complete)])
        #expect(state.memberships.count == 1)
        #expect(try await directory.apply(removals) == [.applied()])
        #expect(try await directory.members("omega") == [directory.slapd.placeholder])
      }
    }

    @Test func `L6: a uid that outlived its account still tells whose it was`() async throws {
      try await Directory.with(.posixGroup) { directory in
        let accounts = try await directory.accounts(["ada"])
        _ = try await directory.apply(try await directory.additions(accounts, to: "alpha"))
        try await directory.slapd.modify("dn: \(directory.dn("ada"))\nchangetype: delete\n")
        let state = try await directory.read(try directory.scope(["alpha"]))
        #expect(state.strangers == ["ada"])
        let account = try #require(accounts[0].identity)
        #expect(state.strangersByAccount == [account.key: "ada"])
      }
    }

    @Test func `L4: members that may be hidden are unknown, also where a group may be empty`()
      async throws
    {
      var options = SlapdFixture.Options()
      options.accessRules = ["to attrs=memberUid by * none"]
      try await Directory.with(.posixGroup, options: options) { directory in
        let state = try await directory.read(try directory.scope(["alpha"]))
        guard case .present(_, .partial) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
      }
      try await Directory.with(.posixGroup) { directory in
        let state = try await directory.read(try directory.scope(["alpha"]))
        guard case .present(_, .complete) = state.groups[0] else {
          Issue.record("\(state.groups[0])")
          return
        }
      }
    }

    @Test func `R10: in a large group what was written is asked for by name`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: cn=big,ou=groups,dc=example,dc=org
        objectClass: groupOfNames

        """
      options.ldif += (0..<5000).map { "member: uid=u\($0),ou=else,dc=example,dc=org\n" }.joined()
      try await Directory.with(options: options) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        let additions = try await directory.additions(accounts, to: "big")
        func bytes() async throws -> Int {
          try await directory.slapd.values(
            of: "monitorCounter", at: "cn=Bytes,cn=Statistics,cn=Monitor"
          ).compactMap { Int($0) }.reduce(0, +)
        }
        let before = try await bytes()
        #expect(try await directory.apply(additions) == [.applied(), .applied()])
        let once = 5000 * 36
        #expect(try await bytes() - before < once * 3 / 2)
        #expect(try await directory.members("big").count == 5002)
      }
    }
  }
}
