import AccessModel
import ConnectorTesting
import HTTPTransport
import SCIMClient
import SCIMTarget
import Testing

@Suite(.serialized) struct SCIMConformanceTests {
  @Test(arguments: TargetConformance.cases)
  func `the target does what every target must`(_ conformance: TargetConformance.Case) async throws
  {
    try await conformance.run(try await SCIMHarness(.all))
  }

  @Test(arguments: TargetConformance.cases)
  func `it does so on a service without PATCH and filters`(
    _ conformance: TargetConformance.Case
  ) async throws {
    try await conformance.run(try await SCIMHarness(.minimal))
  }

  @Test(arguments: TargetConformance.cases)
  func `it does so on a service that pages by cursor`(
    _ conformance: TargetConformance.Case
  ) async throws {
    try await conformance.run(try await SCIMHarness(.cursors))
  }

  @Test(arguments: TargetConformance.cases)
  func `it does so on a service that finds nobody, in the dialect that doctor suggests`(
    _ conformance: TargetConformance.Case
  ) async throws {
    try await conformance.run(try await SCIMHarness(.django))
  }

  @Test(arguments: TargetConformance.cases)
  func `it does so on a service with OAuth, ignored filters and a strict schema`(
    _ conformance: TargetConformance.Case
  ) async throws {
    try await conformance.run(try await SCIMHarness(.canaille))
  }

  @Test(arguments: TargetConformance.cases)
  func `it does so over HTTP/2, in streams of one connection`(
    _ conformance: TargetConformance.Case
  ) async throws {
    try await withSCIMServer { server in
      try await withHTTPFront(before: server.url.port) { front in
        try await conformance.run(try await SCIMHarness(server, behind: front))
        let exchanges = try front.exchanges()
        #expect(Set(exchanges.map(\.version)) == ["HTTP/2.0"])
        #expect(Set(exchanges.map(\.connection)).count == 1)
      }
    }
  }
}

struct SCIMHarness: ConformanceHarness {
  private let world: SCIMWorld
  let groups = ["Editors", "Writers"]
  let missingGroup = "Nobody"
  let disableRule: DisableRule? = .deactivate

  init(_ features: SCIMServerFeatures) async throws {
    try await self.init(try await SCIMServer.start(features))
  }

  init(_ server: SCIMServer, behind front: HTTPFront? = nil) async throws {
    do {
      world = try await SCIMWorld(server, behind: front) {
        $0.dialect = Self.dialect(server.features)
      }
      for name in groups { _ = try await world.group(name) }
    } catch {
      server.stop()
      throw error
    }
  }

  /// Of two services what doctor suggests, see `DoctorTests`.
  private static func dialect(_ features: SCIMServerFeatures) -> Dialect? {
    var dialect = Dialect("auto")
    dialect.showsMembers = true
    switch features {
    case .django:
      dialect.memberRemoval = .valueArray
      dialect.wholeLists = false
    case .canaille: break
    case .all, .restorable, .minimal, .cursors, .smallBulk: return nil
    }
    return dialect
  }

  var shortcomings: [ConformanceShortcoming: String] {
    world.server.features == .canaille
      ? [.forgetsAnchors: "its schema has no externalId to write; it drops what is sent"] : [:]
  }

  var target: any Target { world.target }

  /// Where the display name follows from the name's parts it is not free.
  var freeAttribute: String {
    world.server.features == .django ? "name.givenName" : "displayName"
  }

  func attributes(of subject: SubjectID) -> [String: [String]] {
    let common = [
      "userName": ["\(subject)@example.org"], "name.givenName": ["Given"],
      "emails.work": ["\(subject)@example.org"],
    ]
    let more: [String: [String]] =
      switch world.server.features {
      case .all, .restorable, .minimal, .cursors, .smallBulk:
        ["displayName": ["Name of \(subject)"], "title": ["Guest"]]
      case .django: ["name.familyName": ["Family"]]
      case .canaille:
        ["displayName": ["Name of \(subject)"], "name.familyName": ["Family"]]
      }
    return common.merging(more) { $1 }
  }

  func writeCount() async throws -> Int { world.transport.writes.count }

  func cutConnection() async throws { world.server.stop() }

  func recreateGroup(_ name: String) async throws {
    var ids: [String] = []
    _ = try await world.hand.list(.group, world.capabilities) {
      if $0.text("displayName") == name { ids.append($0.id) }
    }
    for id in ids { _ = try await world.hand.delete(.group, id: id, world.capabilities) }
    _ = try await world.group(name)
  }

  func tearDown() async { world.server.stop() }
}
