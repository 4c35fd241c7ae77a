import AccessModel
import ConnectorTesting
import LDAPClient
import Synchronization
import Testing

@testable import LDAPTarget

extension DirectoryTests {
  /// What a reading costs while a listener is told of changes, in entries that the server sends.
  @Suite struct Listening {
    private static let count = 1_100
    private static let options: SlapdFixture.Options = {
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      options.indexes += ["entryCSN eq"]
      options.ldif = (0..<count).map { number in
        """

        dn: uid=u\(number),ou=guests,dc=example,dc=org
        objectClass: inetOrgPerson
        uid: u\(number)
        cn: U\(number)
        sn: U
        employeeNumber: subject-\(number)

        """
      }.joined()
      return options
    }()

    /// A target that is listened to, and what it heard.
    private struct Hearing: Sendable {
      let directory: Directory
      let target: LDAPTarget
      let clock: Clock
      let rings: Rings
      let scope: ManagedScope

      final class Clock: Sendable {
        let time = Mutex(Instant(microseconds: 1_768_176_000_000_000))
      }

      final class Rings: Sendable { let count = Mutex(0) }

      /// The entries that a reading has the server send. It finds what one without a listener finds.
      func cost(_ scope: ManagedScope? = nil) async throws -> Int {
        let scope = scope ?? self.scope
        let before = try await sent()
        let state = try await target.readActualState(scope)
        let cost = try await sent() - before
        let fresh = try await LDAPTarget(directory.configuration).readActualState(scope)
        #expect(state.coverage == .complete && fresh.coverage == .complete)
        #expect(state.accounts == fresh.accounts)
        #expect(state.groups == fresh.groups && state.strangers == fresh.strangers)
        #expect(state.memberships.sorted == fresh.memberships.sorted)
        return cost
      }

      func edit(_ ldif: String) async throws {
        let before = rings.count.withLock { $0 }
        try await directory.slapd.modify(ldif)
        try await hears(moreThan: before)
      }

      func hears(moreThan before: Int) async throws {
        for _ in 0..<1_000 {
          if rings.count.withLock({ $0 }) > before { return }
          try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it did not ring")
      }

      private func sent() async throws -> Int {
        try await directory.slapd.values(
          of: "monitorCounter", at: "cn=Entries,cn=Statistics,cn=Monitor"
        ).compactMap { Int($0) }.reduce(0, +)
      }
    }

    private func withListener(
      _ options: SlapdFixture.Options = options,
      configure: (inout LDAPTarget.Configuration, SlapdFixture) -> Void = { _, _ in },
      _ body: (Hearing) async throws -> Void
    ) async throws {
      try await Directory.with(options: options, configure: configure) { directory in
        var configuration = directory.configuration
        let clock = Hearing.Clock()
        configuration.memory = .init(
          fullReading: .seconds(86_400), accounts: .seconds(300), path: nil
        ) { clock.time.withLock { $0 } }
        let hearing = Hearing(
          directory: directory, target: try LDAPTarget(configuration), clock: clock,
          rings: .init(), scope: try directory.scope())
        let listening = Task {
          await hearing.target.listen { ring in
            if ring == .changed { hearing.rings.count.withLock { $0 += 1 } }
          }
        }
        do {
          try await hearing.hears(moreThan: 0)
          try await body(hearing)
        } catch {
          Issue.record(error)
        }
        listening.cancel()
        await listening.value
      }
    }

    private func isAll(_ cost: Int) -> Bool { cost >= Self.count }

    private func isFew(_ cost: Int) -> Bool { cost < 30 }

    @Test func `a hand edit of a group is seen without the accounts being read again`()
      async throws
    {
      try await withListener { hearing in
        let slapd = hearing.directory.slapd
        #expect(isAll(try await hearing.cost()))
        for kind in ["add", "delete", "add"] {
          try await hearing.edit(
            "dn: cn=alpha,\(slapd.groups)\nchangetype: modify\n\(kind): member\n"
              + "member: uid=u7,\(slapd.accounts)\n")
          let cost = try await hearing.cost()
          #expect(isFew(cost), "\(cost)")
        }
        let other = try hearing.directory.scope(attributes: ["cn", "mail", "sn", "uid"])
        #expect(isAll(try await hearing.cost(other)), "something else was asked")
        #expect(isFew(try await hearing.cost(other)))

        hearing.clock.time.withLock { $0 = $0.adding(.seconds(300)) }
        #expect(isAll(try await hearing.cost(other)), "the last reading of all is old")
        #expect(isFew(try await hearing.cost(other)))
        hearing.clock.time.withLock { $0 = $0.adding(.seconds(-600)) }
        #expect(isAll(try await hearing.cost(other)), "a clock that was set back proves nothing")
      }
    }

    @Test func `R2: an account that was changed, made, ended or renamed meanwhile is seen`()
      async throws
    {
      try await withListener { hearing in
        let slapd = hearing.directory.slapd
        func person(_ name: String, _ rest: String = "") -> String {
          "dn: \(name)\nobjectClass: inetOrgPerson\ncn: New\nsn: N\n\(rest)\n"
        }
        func renaming(_ name: String, _ leaf: String, below: String? = nil) -> String {
          "dn: \(name)\nchangetype: modrdn\nnewrdn: \(leaf)\ndeleteoldrdn: 1\n"
            + (below.map { "newsuperior: \($0)\n" } ?? "")
        }
        func deletion(_ name: String) -> String { "dn: \(name)\nchangetype: delete\n" }
        let guests = slapd.accounts
        #expect(isAll(try await hearing.cost()))

        let edits: [(what: String, ldif: String, isCheap: Bool)] = [
          (
            "an attribute",
            "dn: uid=u1,\(guests)\nchangetype: modify\nreplace: mail\nmail: u1@example.org\n", true
          ),
          ("a new account", person("uid=new,\(guests)", "employeeNumber: subject-new"), true),
          ("its end", deletion("uid=new,\(guests)"), true),
          (
            "another of the same name",
            deletion("uid=u2,\(guests)") + "\n" + person("uid=u2,\(guests)"), true
          ),
          ("a rename", renaming("uid=u3,\(guests)", "uid=u-3"), false),
          ("a rename of spelling", renaming("uid=u4,\(guests)", "uid=U4"), true),
          (
            "a branch and an account in it",
            "dn: ou=deep,\(guests)\nobjectClass: organizationalUnit\n", true
          ),
          ("an account in a branch", person("uid=low,ou=deep,\(guests)"), true),
          ("the branch renamed", renaming("ou=deep,\(guests)", "ou=deeper"), false),
          (
            "the branch moved away",
            renaming("ou=deeper,\(guests)", "ou=deeper", below: slapd.disabledAccounts), false
          ),
          (
            "the branch moved back",
            renaming("ou=deeper,\(slapd.disabledAccounts)", "ou=deep", below: guests), false
          ),
          (
            "an account moved away",
            renaming("uid=u5,\(guests)", "uid=u5", below: slapd.disabledAccounts), false
          ),
          (
            "an account moved back",
            renaming("uid=u5,\(slapd.disabledAccounts)", "uid=u5", below: guests), true
          ),
          (
            "an account made and moved away",
            person("uid=brief,\(guests)") + "\n"
              + renaming("uid=brief,\(guests)", "uid=brief", below: slapd.disabledAccounts), false
          ),
          (
            "most of them at once",
            (10..<1_050).map {
              "dn: uid=u\($0),\(guests)\nchangetype: modify\nreplace: sn\nsn: V\n\n"
            }.joined(), false
          ),
        ]
        for edit in edits {
          try await hearing.edit(edit.ldif)
          let cost = try await hearing.cost()
          #expect(edit.isCheap ? isFew(cost) : cost > Self.count - 10, "\(edit.what): \(cost)")
          #expect(isFew(try await hearing.cost()), "after \(edit.what)")
        }
      }
    }

    @Test func `groups in the accounts' branch ring like others`() async throws {
      try await withListener(configure: { $0.accounts.base = $1.options.suffix }) { hearing in
        let slapd = hearing.directory.slapd
        #expect(isAll(try await hearing.cost()))
        try await hearing.edit(
          "dn: cn=alpha,\(slapd.groups)\nchangetype: modify\nadd: member\n"
            + "member: uid=u7,\(slapd.accounts)\n")
        let cost = try await hearing.cost()
        #expect(isFew(cost), "\(cost)")
      }
    }

    @Test func `a listener that was lost proves nothing, until all were read again`() async throws {
      try await withListener { hearing in
        let slapd = hearing.directory.slapd
        #expect(isAll(try await hearing.cost()))
        #expect(isFew(try await hearing.cost()))
        let before = hearing.rings.count.withLock { $0 }
        await slapd.stop()
        try await slapd.start()
        try await slapd.modify(
          "dn: uid=u1,\(slapd.accounts)\nchangetype: modify\nreplace: mail\nmail: a@example.org\n")
        #expect(isAll(try await hearing.cost()), "nobody listens")
        try await hearing.hears(moreThan: before)
        #expect(isAll(try await hearing.cost()), "nobody listened")
        #expect(isFew(try await hearing.cost()))
      }
    }

    @Test func `a server that hides how far it has come proves nothing`() async throws {
      var options = Self.options
      options.accessRules = ["to attrs=contextCSN by * none"]
      try await withListener(options) { hearing in
        let costs = [try await hearing.cost(), try await hearing.cost()]
        #expect(costs.allSatisfy { isAll($0) }, "\(costs)")
      }
    }

    @Test func `R2: a listener that lags behind its server, or listens to another, proves nothing`()
      async throws
    {
      try await Directory.with(options: Self.options) { directory in
        let slapd = directory.slapd
        let connection = try await directory.target.connect()
        let context = try DistinguishedName(parsing: slapd.options.suffix)
        let url = try LDAPURL(parsing: slapd.url)
        let watch = AccountWatch()
        #expect(await watch.look(from: connection) == nil, "nobody listens")
        let start = try #require(try await connection.contextCSN(of: context))
        watch.begin(.init(url: url, context: context), from: start)
        #expect(await watch.look(from: connection) == nil, "it has not begun")
        watch.hear(.deletesListed(cookie: nil, isRefreshed: true))
        let first = try #require(await watch.look(from: connection))
        let second = try #require(await watch.look(from: connection))
        #expect(second.previous == first.number && second.touched == [])

        try await slapd.modify(
          "dn: uid=u1,\(slapd.accounts)\nchangetype: modify\nreplace: mail\nmail: a@example.org\n")
        #expect(await watch.look(from: connection) == nil, "what the server knows was not told")
        let later = try #require(try await connection.contextCSN(of: context))
        watch.hear(.cookie(later.cookie))
        let third = try #require(await watch.look(from: connection))
        #expect(third.previous != second.number, "a look that failed took what was told")

        watch.hear(.present([], cookie: nil))
        let unclear = try #require(await watch.look(from: connection))
        #expect(unclear.touched == nil)
        watch.begin(
          .init(url: try LDAPURL(parsing: slapd.socketURL), context: context), from: later)
        watch.hear(.deletesListed(cookie: nil, isRefreshed: true))
        #expect(await watch.look(from: connection) == nil, "another server")
        let ahead = try #require(ContextCSN(["20990101000000.000000Z#000000#000#000000"]))
        watch.begin(.init(url: url, context: context), from: ahead)
        watch.hear(.deletesListed(cookie: nil, isRefreshed: true))
        #expect(await watch.look(from: connection) == nil, "a server that knows less than was told")
        watch.end()
        #expect(await watch.look(from: connection) == nil)
        await connection.close()
      }
    }
  }
}
