import AccessModel
import ConnectorTesting
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
}

struct SCIMHarness: ConformanceHarness {
  private let world: SCIMWorld
  let groups = ["Editors", "Writers"]
  let missingGroup = "Nobody"
  let disableRule: DisableRule? = .deactivate
  let freeAttribute = "displayName"

  init(_ features: SCIMServerFeatures) async throws {
    let server = try await SCIMServer.start(features)
    do {
      world = try await SCIMWorld(server)
      for name in groups { _ = try await world.group(name) }
    } catch {
      server.stop()
      throw error
    }
  }

  var target: any Target { world.target }

  func attributes(of subject: SubjectID) -> [String: [String]] {
    [
      "userName": ["\(subject)@example.org"], "displayName": ["Name of \(subject)"],
      "name.givenName": ["Given"], "emails.work": ["\(subject)@example.org"], "title": ["Guest"],
    ]
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
