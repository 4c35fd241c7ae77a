import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMTarget
import Synchronization
import Testing

/// Requests are counted.
@Suite(.serialized) struct FewestRequestsTests {
  private static let discovery = ["/v2/ServiceProviderConfig", "/v2/ResourceTypes", "/v2/Schemas"]
  private static let pages = ["/v2/Users", "/v2/Groups"]

  /// What a fresh target asks that knows these lessons, and what it learns.
  private func paths(
    of world: SCIMWorld, knowing lessons: [Lesson], over transport: (any HTTPTransport)? = nil
  ) async throws -> ([String], [Lesson]) {
    world.transport.forget()
    let target = try world.target(over: transport ?? world.transport)
    target.recall(lessons)
    _ = try await target.readActualState(
      ManagedScope(groups: ["Editors", "Empty"], attributes: ["title"], disable: .deactivate))
    return (world.transport.requests.map(\.url.path), target.newLessons())
  }

  private func withFilledWorld(_ body: (SCIMWorld) async throws -> Void) async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      _ = try await world.group("Empty")
      _ = try await world.apply([world.addition(ada, "Editors", id)])
      try await body(world)
    }
  }

  @Test func `a run that changes nothing asks for the pages, and the first one for the discovery`()
    async throws
  {
    try await withFilledWorld { world in
      let (first, lessons) = try await paths(of: world, knowing: [])
      #expect(first == Self.discovery + Self.pages)
      let (second, news) = try await paths(of: world, knowing: lessons)
      #expect(second == Self.pages)
      #expect(news.isEmpty)
    }
  }

  @Test
  func `after an hour of the service's clock it is asked again, and read again if it changed`()
    async throws
  {
    try await withFilledWorld { world in
      let (_, lessons) = try await paths(of: world, knowing: [])
      let real = world.transport
      let isChanged = Mutex(false)
      let later = StubTransport { request throws(TransportError) in
        var response = try await real.send(request)
        response.fields = response.fields.filter { $0.name.lowercased() != "date" }
        response.fields.append(HTTPField("Date", "Fri, 01 Jan 2100 00:00:00 GMT"))
        guard isChanged.withLock({ $0 }), request.url.path.hasSuffix("ServiceProviderConfig") else {
          return response
        }
        return HTTPResponse(
          status: 200, fields: response.fields,
          body: Array(#"{"patch":{"supported":false}}"#.utf8))
      }
      let (unchanged, news) = try await paths(of: world, knowing: lessons, over: later)
      #expect(unchanged == Self.pages + Self.discovery)
      #expect(news.map(\.topic) == ["discovery"])
      isChanged.withLock { $0 = true }
      let (changed, _) = try await paths(of: world, knowing: lessons, over: later)
      #expect(changed == Self.pages + Self.discovery + Self.pages)
    }
  }

  @Test func `a service without a clock is asked every time`() async throws {
    try await withFilledWorld { world in
      let real = world.transport
      let timeless = StubTransport { request throws(TransportError) in
        var response = try await real.send(request)
        response.fields = response.fields.filter { $0.name.lowercased() != "date" }
        return response
      }
      let (_, lessons) = try await paths(of: world, knowing: [], over: timeless)
      #expect(!lessons.contains { $0.topic == "discovery" })
      let (second, _) = try await paths(of: world, knowing: lessons, over: timeless)
      #expect(second == Self.discovery + Self.pages)
    }
  }

  @Test func `what was remembered and is refused is asked anew`() async throws {
    try await withFilledWorld { world in
      let (_, lessons) = try await paths(of: world, knowing: [])
      let real = world.transport
      let isFirst = Mutex(true)
      let moved = StubTransport { request throws(TransportError) in
        let response = try await real.send(request)
        let isRefused =
          request.url.path.hasSuffix("/Users")
          && isFirst.withLock { first in
            defer { first = false }
            return first
          }
        return isRefused ? HTTPResponse(status: 404) : response
      }
      let (asked, _) = try await paths(of: world, knowing: lessons, over: moved)
      #expect(asked == ["/v2/Users"] + Self.discovery + Self.pages)
    }
  }

  @Test func `a refused write forgets what the service said of itself`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.user(["userName": "ada"])
      _ = try await world.read([])
      _ = try await world.read([])
      #expect(try await world.apply([world.creation("ada")])[0].word == "refused")
      let forgotten = world.target.newLessons().last { $0.topic == "discovery" }
      #expect(forgotten?.text == nil)
      world.transport.forget()
      _ = try await world.read([])
      #expect(world.transport.requests.map(\.url.path) == Self.discovery + ["/v2/Users"])
    }
  }

  @Test func `k members go in as few requests as the service's limit allows, then none`()
    async throws
  {
    try await withSCIMWorld { world in
      let id = try await world.group("Editors")
      // A group that shows a member proves that members are shown.
      _ = try await world.group("Writers", members: ["stranger"])
      _ = try await world.read(["Editors", "Writers"])
      world.transport.forget()
      let changes = (0..<250).map { number in
        world.addition(
          AccountReference(
            subject: SubjectID("s\(number)"), displayName: nil,
            identity: AccountIdentity(key: AccountKey("u\(number)"), immutableID: "u\(number)")),
          "Editors", id)
      }
      #expect(try await world.apply(changes).allSatisfy { $0.isDone })
      #expect(world.transport.writes.count == 3)
      world.transport.forget()
      #expect(try await world.apply(changes).allSatisfy { $0.word == "alreadyInState" })
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test func `where nobody was ever seen in a group, one member goes first, once`() async throws {
    try await withSCIMWorld { world in
      let id = try await world.group("Editors")
      let accounts = try await world.accounts(5)
      world.transport.forget()
      let added = try await world.apply(accounts.map { world.addition($0, "Editors", id) })
      #expect(added.allSatisfy { $0 == .applied() })
      #expect(world.transport.writes.count == 2)
      let other = try await world.group("Writers")
      world.transport.forget()
      let more = try await world.apply(accounts.map { world.addition($0, "Writers", other) })
      #expect(more.allSatisfy { $0 == .applied() })
      #expect(world.transport.writes.count == 1)
    }
  }
}
