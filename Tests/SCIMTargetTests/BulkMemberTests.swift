import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMTarget
import Testing

/// Members of several groups in bulk requests to a real service.
@Suite(.serialized) struct BulkMemberTests {
  /// Groups with one member of someone else's each, and three accounts that are in none.
  private struct Groups {
    let keys: [EntitlementKey]
    let ids: [String]
    let foreign: String
    let accounts: [AccountReference]

    init(_ count: Int, in world: SCIMWorld) async throws {
      accounts = try await world.accounts(3)
      foreign = try #require(try await world.user(["userName": "foreign"]))
      keys = (0..<count).map { EntitlementKey("Group \($0)") }
      var ids: [String] = []
      for key in keys {
        ids.append(try #require(try await world.group(key.rawValue, members: [foreign])))
      }
      self.ids = ids
      world.transport.forget()
    }

    /// Every account into every group, group by group.
    func additions(_ world: SCIMWorld) -> [Change] {
      zip(keys, ids).flatMap { key, id in accounts.map { world.addition($0, key, id) } }
    }

    func removals(_ world: SCIMWorld) -> [Change] {
      zip(keys, ids).flatMap { key, id in accounts.map { world.removal($0, key, id) } }
    }

    var everyone: [String] {
      ([foreign] + accounts.compactMap { $0.identity?.immutableID }).sorted()
    }

    func expect(_ members: [String], in world: SCIMWorld) async throws {
      for id in ids { #expect(try await world.members(id) == members) }
    }

    /// Reads and applies over a transport of its own.
    func apply(
      _ changes: [Change], _ world: SCIMWorld, over transport: any HTTPTransport
    ) async throws -> [Outcome] {
      let target = try world.target(over: transport)
      _ = try await target.readActualState(
        ManagedScope(groups: keys, attributes: [], disable: .deactivate))
      return try await target.apply(changes, progress: { _ in })
    }
  }

  /// `PATCH` for a request of its own, or the number of operations of a bulk request.
  private func words(_ writes: [HTTPRequest]) -> [String] {
    writes.map { $0.url.path.hasSuffix("/Bulk") ? "\($0.operations.count)" : $0.method.rawValue }
  }

  @Test func `members of many groups take one request, once it was seen to work on one`()
    async throws
  {
    try await withSCIMWorld { world in
      let groups = try await Groups(12, in: world)
      _ = try await world.read(groups.keys)
      world.transport.forget()
      let added = try await world.apply(groups.additions(world))
      #expect(added.allSatisfy { $0.word == "applied" })
      #expect(words(world.transport.writes) == ["PATCH", "11"])
      // Each group is read before and after.
      #expect(world.transport.requests.count == 2 + 2 * 12)
      try await groups.expect(groups.everyone, in: world)

      world.transport.forget()
      let again = try await world.apply(groups.additions(world))
      #expect(again.allSatisfy { $0.word == "alreadyInState" })
      #expect(world.transport.writes.isEmpty)

      let removed = try await world.apply(groups.removals(world))
      #expect(removed.allSatisfy { $0.word == "applied" })
      #expect(words(world.transport.writes) == ["PATCH", "11"])
      try await groups.expect([groups.foreign], in: world)
    }
  }

  @Test func `who leaves goes before who comes, in bulk too`() async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(6, in: world)
      _ = try await world.read(groups.keys)
      let half = Array(groups.additions(world).prefix(9))
      #expect(try await world.apply(half).allSatisfy { $0.isDone })
      _ = try await world.read(groups.keys)
      world.transport.forget()
      let changes =
        Array(groups.additions(world).suffix(9)) + Array(groups.removals(world).prefix(9))
      #expect(try await world.apply(changes).allSatisfy { $0.word == "applied" })
      let bulks = world.transport.writes.filter { $0.url.path.hasSuffix("/Bulk") }
      #expect(
        bulks.map { $0.operations.first?["data"]?["Operations"]?.elements?.first?["op"]?.text }
          == ["remove", "add"])
    }
  }

  @Test func `requests keep to the number and the bytes that the service takes, for members too`()
    async throws
  {
    try await withSCIMWorld(.smallBulk) { world in
      let groups = try await Groups(8, in: world)
      _ = try await world.read(groups.keys)
      world.transport.forget()
      #expect(try await world.apply(groups.additions(world)).allSatisfy { $0.word == "applied" })
      let bulks = world.transport.writes.filter { $0.url.path.hasSuffix("/Bulk") }
      #expect(bulks.count > 1)
      #expect(bulks.allSatisfy { $0.operations.count <= 3 && ($0.body?.count ?? 0) <= 2000 })
      try await groups.expect(groups.everyone, in: world)
    }
  }

  @Test func `a group whose operation is refused is written alone, and one that is gone is told`()
    async throws
  {
    try await withSCIMWorld { world in
      let groups = try await Groups(10, in: world)
      let real = world.transport
      // The service gets the request without the third operation, and after the fifth's group went.
      let bent = StubTransport { request throws(TransportError) in
        guard request.url.path.hasSuffix("/Bulk") else { return try await real.send(request) }
        _ = try await real.send(
          HTTPRequest(
            .delete, request.url.sibling("Groups", groups.ids[5]), fields: request.fields))
        var operations = request.operations
        let refused = operations.remove(at: 2)
        var request = request
        request.body =
          JSONValue.object([
            "schemas": request.json?["schemas"] ?? .null, "Operations": .array(operations),
          ]).encoded
        let response = try await real.send(request)
        let results = response.json?["Operations"]?.elements ?? []
        let refusal: JSONValue = ["bulkId": refused["bulkId"] ?? .null, "status": "400"]
        return response.with(["Operations": .array(results + [refusal])])
      }
      let outcomes = try await groups.apply(groups.additions(world), world, over: bent)
      for (number, outcome) in outcomes.enumerated() {
        #expect(outcome.word == (number / 3 == 5 ? "failed" : "applied"))
      }
      #expect(outcomes[15].detail?.contains("is gone") == true)
      #expect(words(bent.requests.filter { $0.method != .get }) == ["PATCH", "9", "PATCH"])
      for id in groups.ids where id != groups.ids[5] {
        #expect(try await world.members(id) == groups.everyone)
      }
    }
  }

  @Test(arguments: [true, false])
  func `C3: a lost bulk request of members is settled by reading, and not sent again`(
    arrives: Bool
  ) async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(8, in: world)
      let real = world.transport
      let losing = StubTransport { request throws(TransportError) in
        guard request.url.path.hasSuffix("/Bulk") else { return try await real.send(request) }
        if arrives { _ = try await real.send(request) }
        throw TransportError(kind: .timedOut, sent: .unknown, message: "cut")
      }
      let changes = groups.additions(world)
      let outcomes = try await groups.apply(changes, world, over: losing)
      #expect(outcomes.prefix(3).allSatisfy { $0.word == "applied" })
      #expect(outcomes.dropFirst(3).allSatisfy { $0.word == (arrives ? "applied" : "unknown") })
      #expect(words(losing.requests.filter { $0.method != .get }) == ["PATCH", "7"])
      // The next run reads, and does only what is missing.
      let again = try await groups.apply(changes, world, over: real)
      #expect(again.allSatisfy { $0.isDone })
      try await groups.expect(groups.everyone, in: world)
    }
  }

  @Test func `a request of members that is too large is halved`() async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(14, in: world)
      let real = world.transport
      let small = StubTransport { request throws(TransportError) in
        guard request.url.path.hasSuffix("/Bulk"), request.operations.count > 4 else {
          return try await real.send(request)
        }
        return HTTPResponse(status: 413)
      }
      let outcomes = try await groups.apply(groups.additions(world), world, over: small)
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      #expect(
        words(small.requests.filter { $0.method != .get })
          == ["PATCH", "13", "7", "4", "3", "3", "3"])
      try await groups.expect(groups.everyone, in: world)
    }
  }

  @Test func `members that are said to be written and are not, are told`() async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(6, in: world)
      let liar = world.bulkLiar
      let outcomes = try await groups.apply(groups.additions(world), world, over: liar)
      #expect(outcomes.prefix(3).allSatisfy { $0.word == "applied" })
      #expect(outcomes.dropFirst(3).allSatisfy { $0.word == "failed" })
    }
  }

  @Test func `members whom nobody asked to remove stop the target in bulk too`() async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(6, in: world)
      let real = world.transport
      let careless = StubTransport { request throws(TransportError) in
        let response = try await real.send(request)
        guard request.url.path.hasSuffix("/Bulk") else { return response }
        var reset = request
        reset.method = .put
        reset.url = request.url.sibling("Groups", groups.ids[4])
        reset.body =
          JSONValue.object([
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Group 4",
            "members": [],
          ]).encoded
        _ = try await real.send(reset)
        return response
      }
      let target = try world.target(over: careless)
      _ = try await target.readActualState(
        ManagedScope(groups: groups.keys, attributes: [], disable: .deactivate))
      _ = try await target.apply(groups.additions(world), progress: { _ in })
      let next = try await target.apply(groups.removals(world), progress: { _ in })
      #expect(next.allSatisfy { $0.detail?.contains("stopped") == true })
    }
  }

  @Test func `what was not seen to work on one group goes in no bulk request`() async throws {
    try await withSCIMWorld { world in
      let groups = try await Groups(5, in: world)
      let real = world.transport
      let stubborn = StubTransport { request throws(TransportError) in
        guard request.method == .patch else { return try await real.send(request) }
        return HTTPResponse(status: 501)
      }
      let outcomes = try await groups.apply(groups.additions(world), world, over: stubborn)
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      #expect(!stubborn.requests.contains { $0.url.path.hasSuffix("/Bulk") })
      try await groups.expect(groups.everyone, in: world)
    }
  }

  @Test func `a group of many changes is written by itself`() async throws {
    try await withSCIMWorld {
      $0.dialect = .chunks(of: 2)
    } _: { world in
      let groups = try await Groups(5, in: world)
      _ = try await world.read(groups.keys)
      world.transport.forget()
      #expect(try await world.apply(groups.additions(world)).allSatisfy { $0.word == "applied" })
      #expect(world.transport.writes.allSatisfy { $0.method == .patch })
    }
  }
}

extension HTTPURL {
  /// Beside the bulk endpoint.
  fileprivate func sibling(_ endpoint: String, _ id: String) -> HTTPURL {
    do throws(SyntaxError) {
      return try HTTPURL(parsing: "\(self)".replacing("/Bulk", with: "/\(endpoint)/\(id)"))
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
