import AccessModel
import LDAPClient
import LDAPTarget
import Secrets
import Testing

extension DirectoryTests {
  /// What no server that runs here does.
  @Suite struct Oddities {
    private let members = (0..<4000).map { "cn=u\($0),ou=a" }

    @Test func `members in ranges are put together`() async throws {
      let server = try OddDirectory(members: members)
      defer { server.close() }
      let state = try await read(server)
      #expect(state.groups == [.present(immutableID: "id", coverage: .complete)])
      #expect(Set(state.members(of: 0).map(\.rawValue)) == Set(members))
    }

    @Test func `a member beyond the first range is removed, and one is added`() async throws {
      let server = try OddDirectory(members: members)
      defer { server.close() }
      let outcomes = try await apply([removal("cn=u3999,ou=a"), removal("cn=gone,ou=a")], server)
      #expect(outcomes == [.applied(), .alreadyInState()])
      #expect(server.members == members.dropLast())
      #expect(server.modifies == 1)
    }

    @Test func `R10: a server that changes more than it was asked to is not written again`()
      async throws
    {
      let server = try OddDirectory(members: Array(members.prefix(5)), losesMembers: true)
      defer { server.close() }
      let target = try self.target(server)
      let outcome = try await target.apply([removal("cn=u4,ou=a")]) { _ in }[0]
      guard case .unknown(let reason) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(reason.contains("had 5 values (") && reason.contains("has 3 values ("), "\(reason)")
      #expect(reason.contains("should now have 4 values"))
      let next = try await target.apply([removal("cn=u3,ou=a")]) { _ in }[0]
      guard case .failed(.stopTarget, _) = next else {
        Issue.record("\(next)")
        return
      }
      #expect(server.modifies == 1)
    }

    @Test(arguments: OddDirectory.Endless.allCases)
    func `S4: a server that pages for ever is given up, and nothing is taken for whole`(
      kind: OddDirectory.Endless
    ) async throws {
      let server = try OddDirectory(members: [], endless: kind)
      defer { server.close() }
      let connection = LDAPConnection(
        try LDAPConnection.Configuration(
          urls: [try LDAPURL(parsing: "ldap://127.0.0.1:\(server.port)")],
          bind: .simple(
            try DistinguishedName(parsing: "cn=bellhop"), Secret(Array("secret".utf8))),
          searchTimeout: .seconds(1)))
      try await connection.open()
      let began = ContinuousClock.now
      let result = await connection.count(
        LDAPSearch(base: try DistinguishedName(parsing: "ou=a"), scope: .subtree, attributes: []))
      #expect(!result.isComplete && !result.result.code.isAnswer)
      #expect(ContinuousClock.now - began < .seconds(30))
      #expect(await !connection.isOpen)
      #expect(server.pages <= 110)
      if kind != .newAccounts {
        let target = try target(server)
        let error = await #expect(throws: TargetError.self) {
          try await target.readActualState(
            ManagedScope(groups: [], attributes: [], disable: nil))
        }
        #expect(error?.message.contains("do not end") == true, "\(error?.message ?? "")")
      }
    }

    private func target(_ server: OddDirectory) throws -> LDAPTarget {
      try LDAPTarget(
        LDAPTarget.Configuration(
          id: "corp", urls: ["ldap://127.0.0.1:\(server.port)"],
          bind: .simple(dn: "cn=bellhop", password: Secret(Array("secret".utf8))),
          accounts: .init(base: "ou=a", objectClasses: ["user"], rdn: "uid", anchor: "employeeID"),
          groups: .init(base: "ou=g", objectClass: "groupOfNames")))
    }

    private func read(_ server: OddDirectory) async throws -> ActualState {
      let target = try target(server)
      return try await target.readActualState(
        ManagedScope(
          groups: [try target.entitlementKey(for: "cn=big,ou=g")], attributes: [], disable: nil))
    }

    private func apply(_ changes: [Change], _ server: OddDirectory) async throws -> [Outcome] {
      try await target(server).apply(changes) { _ in }
    }

    private func removal(_ member: String) -> Change {
      .removeMember(
        Membership(
          group: "cn=big,ou=g", groupID: "id",
          account: AccountReference(
            subject: nil, displayName: nil,
            identity: .init(key: AccountKey(member), immutableID: ""))),
        because: .operator(name: "test", reason: "test"))
    }
  }
}

extension LDAPConnection {
  fileprivate func count(_ search: LDAPSearch) -> LDAPSearchResult { self.search(search) { _ in } }
}
