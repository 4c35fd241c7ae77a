import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Secrets
import Testing

/// Each named dialect against a service that keeps to the rules of that vendor's documents and
/// counts what is against them. Where a dialect has a host, `auto` must find it by the host.
@Suite struct DialectTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let dialect: String
    let rules: @Sendable (inout VendorService.Rules) -> Void
    var testDescription: String { dialect }

    init(_ dialect: String, _ rules: @escaping @Sendable (inout VendorService.Rules) -> Void) {
      self.dialect = dialect
      self.rules = rules
    }
  }

  static let cases = [
    // One eq on userName or externalId; a deactivated user answers 404 until it is active again.
    Case("atlassian") {
      $0.filters = [.user: ["userName", "externalId"], .group: ["displayName"]]
      $0.deletion = .deactivates
      $0.hidesInactive = true
    },
    // Cursors, 100 on a page and in a PATCH, members never returned, no whole lists.
    Case("aws") {
      $0.paging = .cursor
      $0.refusesLongPages = true
      $0.filters = [
        .user: ["userName", "externalId"], .group: ["displayName", "id", "members"],
      ]
      $0.showsMembers = false
      $0.mostMembers = 100
    },
    Case("databricks") {
      $0.requestsAtOnce = 1
      $0.groupWrites = (perMinute: 10, burst: 5)
    },
    // Services for Entra's client: PATCH and filters, whatever discovery says, and no discovery.
    Case("entra") { $0.hasDiscovery = false },
    // A deletion is for ever; a thousand users an hour; one writer.
    Case("github") {
      $0.deletion = .forbidden
      $0.requestsAtOnce = 1
      $0.writes = (perMinute: 17, burst: 100)
    },
    // Users only, pages of 20, only `active` can be changed.
    Case("gitlab") {
      $0.pageSize = 20
      $0.hasGroups = false
      $0.deletion = .deactivates
      $0.hasDiscovery = false
      $0.writable = ["active", "externalId", "id"]
    },
    // No pages.
    Case("google") { $0.paging = .none },
    // Whole users by PUT; activation without a path.
    Case("okta") { $0.takesPaths = false },
    Case("salesforce") { $0.deletion = .deactivates },
    // 180 writes a minute, 20 at once.
    Case("slack") {
      $0.deletion = .deactivates
      $0.writes = (perMinute: 180, burst: 20)
    },
    // One eq.
    Case("snowflake") { _ in },
    Case("strict") { _ in },
    // Pages of at most 200.
    Case("terraform") {
      $0.pageSize = 200
      $0.refusesLongPages = true
      $0.filters = [.user: ["userName", "externalId"], .group: ["displayName", "externalId"]]
    },
    Case("zoom") { _ in },
  ]

  @Test func `every named dialect has its case`() {
    #expect(Self.cases.map(\.dialect) == Dialect.named.map(\.name))
  }

  @Test(arguments: cases)
  func `a dialect takes accounts and groups through their life without a breach of its rules`(
    _ vendor: Case
  ) async throws {
    let world = try VendorWorld(vendor)
    for number in 0..<250 { try await world.addStranger("stranger\(number)") }
    let hasGroup = world.hasGroups
    let group = hasGroup ? world.service.addGroup("Editors") : nil
    if let group { world.service.addMember("u1", to: group) }
    #expect(try await world.read().accounts.count == 250)

    let subjects = (0..<130).map { SubjectID("s\($0)") }
    let made = try await world.apply(subjects.map(world.creation))
    #expect(made.allSatisfy { $0.word == "applied" })
    let accounts = zip(subjects, made).map {
      AccountReference(subject: $0, displayName: nil, identity: $1.identity)
    }
    if let group {
      let added = try await world.apply(accounts.map { world.addition($0, group) })
      #expect(added.allSatisfy { $0.word == "applied" })
      #expect(world.service.members("Editors").count == 131)
    }

    // The second reading finds everything, and nothing to do.
    let state = try await world.read(
      presuming: hasGroup ? accounts.compactMap(\.identity?.key) : [])
    #expect(state.coverage.isComplete)
    #expect(state.accounts.count { $0.anchor != nil } == 130)
    #expect(state.accounts.allSatisfy { $0.isEnabled })
    #expect(state.memberships.count >= (hasGroup ? 130 : 0))
    world.service.forget()
    #expect(try await world.apply([world.creation(subjects[0])])[0].word == "alreadyInState")
    #expect(world.service.writes.isEmpty)

    // Access ends: out of the group, then inactive.
    if let group {
      let removed = try await world.apply(accounts.prefix(101).map { world.removal($0, group) })
      #expect(removed.allSatisfy { $0.word == "applied" })
      #expect(world.service.members("Editors").count == 30)
      #expect(world.service.members("Editors").contains("stranger0@example.org"))
    }
    let ended = try await world.apply(
      accounts.prefix(3).map { .disableAccount($0, .deactivate, because: world.ended) })
    #expect(ended.allSatisfy { $0.word == "applied" })
    #expect(world.service.users.values.count { !$0 } == 3)

    // Who comes back is the same account.
    let back = try await world.apply([
      .enableAccount(accounts[0], .deactivate, [], because: world.reason)
    ])
    #expect(back[0].word == "applied")
    #expect(world.service.users["s0@example.org"] == true)

    // A deletion only where it deletes.
    let deleted = try await world.apply([.deleteAccount(accounts[1], because: world.ended)])[0]
    let dialect = try #require(Dialect.named(vendor.dialect))
    #expect(deleted.word == (dialect.deletion == .removes ? "applied" : "refused"))
    #expect((world.service.users["s1@example.org"] == nil) == (dialect.deletion == .removes))
    #expect(world.service.breaches.isEmpty)
  }

  @Test func `provisioning that is paused stops the target, and no account is tried`() async throws
  {
    let world = try VendorWorld(DialectTests.Case("terraform") { $0.isPaused = true })
    let error = await #expect(throws: TargetError.self) { try await world.read() }
    #expect(error?.disposition == .stopTarget)
    #expect(world.service.writes.isEmpty)
  }

  @Test func `members that a service hides and that were there before are not taken for ours`()
    async throws
  {
    // Not told that members are hidden: found out at the first write.
    let world = try VendorWorld(
      Case("auto") {
        $0.showsMembers = false
        $0.filters[.group] = ["displayName", "id", "members"]
      })
    let group = world.service.addGroup("Editors")
    let made = try await world.apply((0..<4).map { world.creation(SubjectID("s\($0)")) })
    let accounts = made.enumerated().map {
      AccountReference(
        subject: SubjectID("s\($0.offset)"), displayName: nil, identity: $0.element.identity)
    }
    for account in [accounts[1], accounts[3]] {
      world.service.addMember(account.identity?.key.rawValue ?? "", to: group)
    }
    // Another run: what this one made would be in no group.
    let next = try world.successor()
    _ = try await next.read()
    let added = try await next.apply(accounts.map { next.addition($0, group) })
    #expect(added.map(\.word) == ["applied", "alreadyInState", "applied", "alreadyInState"])
    #expect(next.service.breaches.isEmpty)
    #expect(next.target.newLessons().contains { $0.topic == "members" && $0.text == "hidden" })
  }

  @Test func `a single member that was there before, unseen, is not taken for ours`() async throws {
    let world = try VendorWorld(
      Case("auto") {
        $0.showsMembers = false
        $0.filters[.group] = ["displayName", "id", "members"]
      })
    let group = world.service.addGroup("Editors")
    let made = try await world.apply([world.creation("ada")])[0]
    let ada = AccountReference(subject: "ada", displayName: nil, identity: made.identity)
    world.service.addMember(made.identity?.key.rawValue ?? "", to: group)
    let next = try world.successor()
    _ = try await next.read()
    #expect(try await next.apply([next.addition(ada, group)]) == [.alreadyInState()])
    #expect(next.service.writes.isEmpty)
  }
}

/// A target over a service of rules.
struct VendorWorld: Sendable {
  let service: VendorService
  let target: SCIMTarget
  let clock: HastyClock
  private let dialect: Dialect

  init(_ vendor: DialectTests.Case) throws {
    let clock = HastyClock()
    let dialect = Dialect.named(vendor.dialect) ?? Dialect("auto")
    try self.init(VendorService(clock, vendor.rules), clock, dialect)
  }

  private init(_ service: VendorService, _ clock: HastyClock, _ dialect: Dialect) throws {
    let host = dialect.hosts.first ?? "scim.example.org"
    var configuration = SCIMTarget.Configuration(
      id: "wiki", url: "https://\(host)/scim/v2", auth: .bearer(Secret(Array("canary".utf8))))
    if dialect.hosts.isEmpty, dialect.name != "auto" { configuration.dialect = dialect }
    target = try SCIMTarget(configuration, transport: service, clock: clock)
    (self.service, self.clock, self.dialect) = (service, clock, dialect)
  }

  /// The same service in another run, with nothing remembered.
  func successor() throws -> VendorWorld {
    service.forget()
    return try VendorWorld(service, clock, dialect)
  }

  var hasGroups: Bool { dialect.groups }

  let reason = Reason(assignments: [.init(source: "partners", id: "asn-1")])
  let ended = Ending.expired(
    .init(source: "partners", id: "asn-1"), end: .init(microseconds: 1_768_176_000_000_000))

  func addStranger(_ name: String) async throws {
    var body: JSONValue = ["userName": .string("\(name)@example.org"), "active": true]
    body["schemas"] = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    service.add(body)
  }

  func creation(_ subject: SubjectID) -> Change {
    .createAccount(
      AccountReference(subject: subject, displayName: nil, identity: nil),
      [
        AttributeChange(name: "displayName", before: [], after: ["Guest \(subject)"]),
        AttributeChange(name: "userName", before: [], after: ["\(subject)@example.org"]),
      ], because: reason)
  }

  func addition(_ account: AccountReference, _ id: String) -> Change {
    .addMember(Membership(group: "Editors", groupID: id, account: account), because: reason)
  }

  func removal(_ account: AccountReference, _ id: String) -> Change {
    .removeMember(Membership(group: "Editors", groupID: id, account: account), because: ended)
  }

  func apply(_ changes: [Change]) async throws -> [Outcome] {
    try await target.apply(changes) { _ in }
  }

  func read(presuming members: [AccountKey] = []) async throws -> ActualState {
    try await target.readActualState(
      ManagedScope(
        groups: hasGroups ? ["Editors"] : [], attributes: ["displayName", "userName"],
        disable: .deactivate, presumedMembers: { _, _ in members }))
  }
}
