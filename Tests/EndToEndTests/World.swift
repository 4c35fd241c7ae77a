import AccessModel
import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

/// All tests of the built program. One after the other: they measure times.
@Suite(.serialized) enum EndToEnd {}

/// A directory, a SCIM service and an installation of Bellhop that writes to both.
///
/// Package Lab is a group in both, Archive too, Gate one in the directory alone.
struct World: Sendable {
  let directory: SlapdFixture
  let wiki: Wiki?
  var bellhop: Installation
  /// The source file, by its extension CSV or JSON.
  var source = "guests.csv"

  static let groups = ["lab", "archive", "gate"]

  func write(_ records: [Record]) throws {
    try bellhop.write(Record.file(source, records), to: source)
  }

  /// Writes `bellhop.yaml`. `corp` and `wiki` replace the target of that name as a whole.
  func configure(corp: String? = nil, wiki: String? = nil, more: String = "") throws {
    var targets = "  corp: \(corp ?? directoryTarget())\n"
    if let target = wiki ?? self.wiki.map({ wikiTarget($0.server.url.description) }) {
      targets += "  wiki: \(target)\n"
    }
    try bellhop.write(
      """
      version: 1
      state: state
      mappings: mappings
      sources:
        desk: { kind: file, path: \(source), interval: PT1S }
      targets:
      \(targets)\(more)

      """, to: "bellhop.yaml")
  }

  func directoryTarget(
    url: String? = nil, bind: String? = nil, groups: String? = nil, more: String = ""
  ) -> String {
    let password = "{ dn: \"\(directory.serviceDN)\", password: { file: corp.secret } }"
    let usual =
      "objectClass: groupOfNames, emptyGroup: { placeholder: \"\(directory.placeholder)\" }"
    return """
      { kind: ldap, url: "\(url ?? directory.url)", bind: \(bind ?? password), \
      accounts: { base: "\(directory.accounts)", objectClasses: [inetOrgPerson], rdn: uid, \
      anchor: employeeNumber }, \
      groups: { base: "\(directory.groups)", \(groups ?? usual) }\(more) }
      """
  }

  func wikiTarget(_ url: String, auth: String? = nil, more: String = "") -> String {
    let auth = auth ?? "{ bearer: { env: WIKI_TOKEN } }"
    return "{ kind: scim, url: \"\(url)\", auth: \(auth), createGroups: true\(more) }"
  }

  /// Writes the mappings. `disable` and `deleteAfter` are what becomes of accounts at their end.
  func map(
    disable: String = "{ set: { employeeType: gone } }", deleteAfter: String? = nil
  ) throws {
    let delete = deleteAfter.map { ", deleteAfter: \($0)" } ?? ""
    let hasWiki = wiki != nil
    func package(_ name: String, _ group: String, isInWiki: Bool) -> String {
      """
        - accessPackage: \(name)
          entitlements:
            - { target: corp, group: "cn=\(group),\(directory.groups)" }

      """ + (isInWiki && hasWiki ? "      - { target: wiki, group: \(name) }\n" : "")
    }
    let wikiRule = """
        - target: wiki
          attributes: { userName: '[email]', displayName: '[displayName]' }
          onLastAssignmentEnded: { disable: true\(delete) }

      """
    try bellhop.write(
      """
      version: 1
      packages:
      \(package("Lab", "lab", isInWiki: true))\
      \(package("Archive", "archive", isInWiki: true))\
      \(package("Gate", "gate", isInWiki: false))\
      accounts:
        - target: corp
          attributes:
            uid: '[login]'
            cn: '[displayName]'
            sn: 'Coalesce([surname], [displayName])'
            mail: '[email]'
            employeeType: { constant: guest }
          onLastAssignmentEnded: { disable: \(disable)\(delete) }
      \(hasWiki ? wikiRule : "")
      """, to: "mappings/guests.yaml")
  }
}

/// Looking at the targets.
extension World {
  func account(_ login: String) -> String { "uid=\(login),\(directory.accounts)" }

  func group(_ name: String) -> String { "cn=\(name),\(directory.groups)" }

  /// The logins in a group of the directory, sorted, without its placeholder.
  func members(_ name: String, _ attribute: String = "member") async throws -> [String] {
    try await directory.values(of: attribute, at: group(name)).compactMap { value in
      guard value != directory.placeholder else { return nil }
      return value.hasPrefix("uid=")
        ? String(value.dropFirst("uid=".count).prefix { $0 != "," }) : value
    }.sorted()
  }

  /// Every entry and resource with its version: equal if and only if nothing was written between.
  func snapshot() async throws -> Snapshot {
    Snapshot(
      directory: try await directory.search(
        directory.options.suffix, attributes: ["*", "entryCSN"]),
      wiki: try await wiki?.snapshot() ?? [])
  }

  struct Snapshot: Equatable {
    let directory: String
    let wiki: [JSON]

    /// The entry of the directory as LDIF; `nil` if there is none.
    func entry(_ name: String) -> String? {
      directory.components(separatedBy: "\n\n").first { $0.hasPrefix("dn: \(name)\n") }
    }
  }
}

/// Runs the body with servers and an installation that are gone afterwards.
func withWorld<Result>(
  wiki hasWiki: Bool = false, scim features: SCIMServerFeatures = .all,
  source: String = "guests.csv", tls: Bool = false,
  groups: String? = nil, overlays: [SlapdFixture.Overlay] = [],
  _ body: (inout World) async throws -> Result
) async throws -> Result {
  var options = SlapdFixture.Options()
  options.overlays = overlays
  if tls { options.certificateNames = ["IP:127.0.0.1"] }
  options.ldif =
    groups
    ?? World.groups.map { name in
      """
      dn: cn=\(name),ou=groups,\(options.suffix)
      objectClass: groupOfNames
      member: cn=nobody,\(options.suffix)

      """
    }.joined(separator: "\n")
  return try await withSlapd(options) { directory in
    func run(_ wiki: Wiki?) async throws -> Result {
      var bellhop = try Installation()
      bellhop.environment["WIKI_TOKEN"] = wiki?.server.token
      try bellhop.write(directory.servicePassword, to: "corp.secret", mode: 0o600)
      var world = World(directory: directory, wiki: wiki, bellhop: bellhop, source: source)
      try world.configure()
      try world.map()
      let result: Swift.Result<Result, any Error>
      do {
        result = .success(try await body(&world))
      } catch {
        result = .failure(error)
      }
      try bellhop.remove()
      return try result.get()
    }
    guard hasWiki else { return try await run(nil) }
    return try await withSCIMServer(features) { try await run(Wiki($0)) }
  }
}
