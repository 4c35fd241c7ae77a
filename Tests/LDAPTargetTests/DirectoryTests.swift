import AccessModel
import ConnectorTesting
import Foundation
import LDAPClient
import LDAPTarget
import Secrets
import Testing

/// What is tested against a real server, one at a time, so that none waits for another's processor.
@Suite(.serialized)
enum DirectoryTests {}

/// The kinds of group that are tested.
enum GroupKind: String, CaseIterable, Sendable {
  case groupOfNames, groupOfUniqueNames, posixGroup

  var memberAttribute: String {
    switch self {
    case .groupOfNames: "member"
    case .groupOfUniqueNames: "uniqueMember"
    case .posixGroup: "memberUid"
    }
  }

  /// A group without a member of ours, as LDIF.
  func ldif(_ name: String, placeholder: String) -> String {
    let rest = self == .posixGroup ? "gidNumber: 4711" : "\(memberAttribute): \(placeholder)"
    return "\ndn: \(name)\nobjectClass: \(self)\n\(rest)\n"
  }
}

/// A server with two groups, the target over it, and the words the tests are written in.
struct Directory: Sendable {
  let slapd: SlapdFixture
  let kind: GroupKind
  let configuration: LDAPTarget.Configuration
  let target: LDAPTarget

  let because = Reason(assignments: [.init(source: "tests", id: "asn-1")])
  let ended = Ending.expired(
    .init(source: "tests", id: "asn-1"), end: .init(microseconds: 1_768_176_000_000_000))

  static func with(
    _ kind: GroupKind = .groupOfNames, options: SlapdFixture.Options = .init(),
    configure: (inout LDAPTarget.Configuration, SlapdFixture) -> Void = { _, _ in },
    _ body: (Directory) async throws -> Void
  ) async throws {
    var options = options
    for name in ["alpha", "gamma"] {
      options.ldif += kind.ldif(
        "cn=\(name),ou=groups,\(options.suffix)", placeholder: "cn=nobody,\(options.suffix)")
    }
    let census = Census()
    try await Census.$current.withValue(census) {
      try await run(kind, options, configure, body)
    }
    // Every connection was closed, and every message of libldap's given back.
    #expect(census.connections == 0 && census.messages == 0)
  }

  private static func run(
    _ kind: GroupKind, _ options: SlapdFixture.Options,
    _ configure: (inout LDAPTarget.Configuration, SlapdFixture) -> Void,
    _ body: (Directory) async throws -> Void
  ) async throws {
    try await withSlapd(options) { slapd in
      var configuration = LDAPTarget.Configuration(
        id: "corp", urls: [slapd.url],
        bind: .simple(
          dn: slapd.serviceDN, password: Secret(Array(slapd.servicePassword.utf8))),
        accounts: .init(
          base: slapd.accounts, objectClasses: ["inetOrgPerson"], rdn: "uid",
          anchor: "employeeNumber"),
        groups: .init(
          base: slapd.groups, objectClass: kind.rawValue,
          placeholder: kind == .posixGroup ? nil : slapd.placeholder))
      configuration.operationTimeout = .seconds(5)
      configure(&configuration, slapd)
      try await body(
        Directory(
          slapd: slapd, kind: kind, configuration: configuration,
          target: try LDAPTarget(configuration)))
      if try slapd.isAnswering { #expect(try await slapd.isLeftAlone()) }
    }
  }

  func group(_ name: String) throws -> EntitlementKey {
    try target.entitlementKey(for: "cn=\(name),\(slapd.groups)")
  }

  func scope(
    _ groups: [String] = ["alpha", "gamma"], attributes: [String] = ["cn", "mail", "uid"],
    disable: DisableRule? = nil
  ) throws -> ManagedScope {
    ManagedScope(groups: try groups.map(group), attributes: attributes, disable: disable)
  }

  func read(_ scope: ManagedScope? = nil) async throws -> ActualState {
    try await target.readActualState(try scope ?? self.scope())
  }

  func apply(_ changes: [Change]) async throws -> [Outcome] {
    try await target.apply(changes) { _ in }
  }

  func apply(_ change: Change) async throws -> Outcome { try await apply([change])[0] }

  func creation(_ uid: String, _ more: [String: [String]] = [:]) -> Change {
    var values = ["uid": [uid], "cn": [uid.uppercased()], "sn": [uid]]
    values.merge(more) { $1 }
    return .createAccount(
      AccountReference(subject: SubjectID("subject-\(uid)"), displayName: nil, identity: nil),
      values.sorted { $0.key < $1.key }
        .map { AttributeChange(name: $0.key, before: [], after: $0.value) },
      because: because)
  }

  /// Creates an account and refers to it.
  func account(_ uid: String) async throws -> AccountReference {
    try await accounts([uid])[0]
  }

  func accounts(_ uids: [String]) async throws -> [AccountReference] {
    try zip(uids, try await apply(uids.map { creation($0) })).map { uid, outcome in
      let identity: AccountIdentity = try #require(outcome.identity, "\(outcome)")
      return AccountReference(
        subject: SubjectID("subject-\(uid)"), displayName: nil, identity: identity)
    }
  }

  func groupID(_ name: String) async throws -> String {
    try #require(
      try await slapd.values(of: "entryUUID", at: "cn=\(name),\(slapd.groups)").first)
  }

  func additions(_ accounts: [AccountReference], to name: String) async throws -> [Change] {
    let (key, id) = (try group(name), try await groupID(name))
    return accounts.map {
      .addMember(Membership(group: key, groupID: id, account: $0), because: because)
    }
  }

  func removals(_ accounts: [AccountReference], from name: String) async throws -> [Change] {
    let (key, id) = (try group(name), try await groupID(name))
    return accounts.map {
      .removeMember(Membership(group: key, groupID: id, account: $0), because: ended)
    }
  }

  func members(_ name: String) async throws -> [String] {
    try await slapd.values(of: kind.memberAttribute, at: "cn=\(name),\(slapd.groups)")
  }

  func dn(_ uid: String) -> String { "uid=\(uid),\(slapd.accounts)" }
}

extension ActualState {
  func members(of group: Int) -> [AccountKey] {
    memberships.sorted.filter { $0.group == group }.map { key(ofMember: $0.account) }
  }
}
