import AccessModel
import ConnectorTesting
import Foundation
import Testing

extension DirectoryTests {
  @Suite struct Conformance {
    @Test(arguments: TargetConformance.cases)
    func `groupOfNames keeps to the port`(_ theCase: TargetConformance.Case) async throws {
      try await run(theCase, .groupOfNames, .set(["employeeType": ["disabled"]]))
    }

    @Test(arguments: TargetConformance.cases)
    func `groupOfUniqueNames keeps to the port`(_ theCase: TargetConformance.Case) async throws {
      try await run(theCase, .groupOfUniqueNames, .moveTo("ou=disabled,dc=example,dc=org"))
    }

    @Test(arguments: TargetConformance.cases)
    func `posixGroup keeps to the port`(_ theCase: TargetConformance.Case) async throws {
      try await run(theCase, .posixGroup, .set(["employeeType": ["disabled"], "mail": []]))
    }

    @Test(arguments: TargetConformance.cases)
    func `a server with memberof, refint and syncprov keeps to the port`(
      _ theCase: TargetConformance.Case
    ) async throws {
      try await run(
        theCase, .groupOfNames, .set(["employeeType": ["disabled"]]),
        overlays: [
          .syncprov, .init("memberof", "MemberOfConfig"),
          .init("refint", "RefintConfig", ["olcRefintAttribute: member"]),
        ])
    }

    @Test(arguments: TargetConformance.cases)
    func `a server that logs all writes in a second database keeps to the port`(
      _ theCase: TargetConformance.Case
    ) async throws {
      try await run(
        theCase, .groupOfNames, .moveTo("ou=disabled,dc=example,dc=org"),
        overlays: [.syncprov, .accesslog])
    }

    private func run(
      _ theCase: TargetConformance.Case, _ kind: GroupKind, _ rule: DisableRule,
      overlays: [SlapdFixture.Overlay] = []
    ) async throws {
      var options = SlapdFixture.Options()
      options.overlays = overlays
      try await Directory.with(kind, options: options) { directory in
        try await theCase.run(SlapdHarness(directory: directory, disableRule: rule))
      }
    }
  }
}

private struct SlapdHarness: ConformanceHarness {
  let directory: Directory
  let disableRule: DisableRule?

  var target: any Target { directory.target }
  var groups: [String] { ["alpha", "gamma"].map { "cn=\($0),\(directory.slapd.groups)" } }
  var missingGroup: String { "cn=beta,\(directory.slapd.groups)" }
  let freeAttribute = "description"

  func attributes(of subject: SubjectID) -> [String: [String]] {
    [
      "uid": ["u-\(subject)"], "cn": ["Name of \(subject)"], "sn": ["Name"],
      "description": ["Made for a test"],
    ]
  }

  func writeCount() async throws -> Int {
    try await directory.slapd.count(of: SlapdFixture.writes)
  }

  func cutConnection() async throws { await directory.slapd.stop() }

  func recreateGroup(_ name: String) async throws {
    try await directory.slapd.modify(
      "dn: \(name)\nchangetype: delete\n"
        + directory.kind.ldif(name, placeholder: directory.slapd.placeholder))
  }
}
