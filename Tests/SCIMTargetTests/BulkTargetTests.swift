import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMTarget
import Synchronization
import Testing

/// Bulk requests to a real service.
@Suite(.serialized) struct BulkTargetTests {
  private func creations(_ count: Int, in world: SCIMWorld) -> [Change] {
    (0..<count).map { world.creation(SubjectID("subject-\($0)")) }
  }

  /// How many of each request were sent.
  private func posts(_ world: SCIMWorld) -> [String: Int] {
    world.transport.requests.filter { $0.method == .post }
      .reduce(into: [:]) {
        $0[String($1.url.path.split(separator: "/").last ?? ""), default: 0] += 1
      }
  }

  /// By anchor: who was made, once each.
  private func expectMade(_ count: Int, _ outcomes: [Outcome], in world: SCIMWorld) async throws {
    let accounts = try await world.read([]).accounts.filter { $0.anchor != nil }
    #expect(accounts.count == count)
    for (number, outcome) in outcomes.enumerated() where outcome.isDone {
      let account = accounts.first { $0.anchor == SubjectID("subject-\(number)") }
      #expect(account?.identity == outcome.identity)
    }
  }

  @Test func `many new accounts take one request, and one is looked at`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      world.transport.forget()
      let outcomes = try await world.apply(creations(40, in: world))
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      #expect(posts(world) == ["Bulk": 1])
      #expect(world.transport.requests.count == 2)
      try await expectMade(40, outcomes, in: world)
    }
  }

  @Test func `new groups take one request`() async throws {
    try await withSCIMWorld { world in
      let keys = (0..<12).map { EntitlementKey("Group \($0)") }
      _ = try await world.read(keys)
      world.transport.forget()
      let outcomes = try await world.apply(keys.map { .createGroup($0, because: world.reason) })
      #expect(outcomes.allSatisfy { $0.word == "applied" && $0.groupID != nil })
      #expect(world.transport.requests.map(\.url.path) == ["/v2/Bulk"])
      let state = try await world.read(keys)
      let ids = state.groups.map { group in
        if case .present(let id, _) = group { id } else { "" }
      }
      #expect(Set(ids) == Set(outcomes.map { $0.groupID ?? "-" }))
    }
  }

  @Test func `requests keep to the number and the bytes that the service takes`() async throws {
    try await withSCIMWorld(.smallBulk) { world in
      _ = try await world.read([])
      world.transport.forget()
      let outcomes = try await world.apply(creations(30, in: world))
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      let sent = world.transport.writes
      #expect(sent.map(\.url.path) == Array(repeating: "/v2/Bulk", count: 10))
      #expect(sent.allSatisfy { ($0.body?.count ?? 0) <= 2000 })
      try await expectMade(30, outcomes, in: world)
    }
  }

  @Test func `those that are refused are told one by one, and the others are done`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      _ = try await world.user(["userName": "SUBJECT-3"])
      let outcomes = try await world.apply(creations(10, in: world))
      #expect(outcomes.map(\.isDone) == (0..<10).map { $0 != 3 })
      #expect(outcomes[3].detail?.contains("conflict") == true)
      try await expectMade(9, outcomes, in: world)
    }
  }

  @Test func `a request that is too large is halved`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      world.transport.forget()
      let target = try world.target(
        over: refusing(world, status: 413) { $0 > 12 })
      _ = try await target.readActualState(world.everyone)
      let outcomes = try await target.apply(creations(40, in: world), progress: { _ in })
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      try await expectMade(40, outcomes, in: world)
    }
  }

  @Test(arguments: [400, 404, 405, 501])
  func `a service that has no bulk after all is asked once, and written the usual way`(
    status: Int
  ) async throws {
    try await withSCIMWorld { world in
      let target = try world.target(over: refusing(world, status: status) { _ in true })
      _ = try await target.readActualState(world.everyone)
      world.transport.forget()
      let outcomes = try await target.apply(creations(60, in: world), progress: { _ in })
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      #expect(posts(world) == ["Users": 60])
      try await expectMade(60, outcomes, in: world)
    }
  }

  /// A service that answers a bulk request so if it has that many operations.
  private func refusing(
    _ world: SCIMWorld, status: Int, _ isRefused: @escaping @Sendable (Int) -> Bool
  ) -> StubTransport {
    let real = world.transport
    return StubTransport { request throws(TransportError) in
      guard request.url.path.hasSuffix("/Bulk"), isRefused(request.operations.count) else {
        return try await real.send(request)
      }
      return HTTPResponse(status: status, body: Array("<html>no</html>".utf8))
    }
  }

  @Test(arguments: [true, false])
  func `C3: a bulk request whose answer was lost is settled by reading, and not sent again`(
    arrives: Bool
  ) async throws {
    try await withSCIMWorld { world in
      let real = world.transport
      let losing = StubTransport { request throws(TransportError) in
        guard request.url.path.hasSuffix("/Bulk") else { return try await real.send(request) }
        if arrives { _ = try await real.send(request) }
        throw TransportError(kind: .timedOut, sent: .unknown, message: "cut")
      }
      let target = try world.target(over: losing)
      _ = try await target.readActualState(world.everyone)
      let changes = creations(20, in: world)
      let outcomes = try await target.apply(changes, progress: { _ in })
      #expect(outcomes.allSatisfy { $0.word == (arrives ? "applied" : "unknown") })
      let writes = losing.requests.filter { $0.method != .get }
      #expect(writes.map(\.url.path) == ["/v2/Bulk"])
      try await expectMade(arrives ? 20 : 0, outcomes, in: world)
      // The next run reads, and makes only what is missing.
      _ = try await target.readActualState(world.everyone)
      if !arrives {
        let next = try world.target(over: real)
        _ = try await next.readActualState(world.everyone)
        let again = try await next.apply(changes, progress: { _ in })
        #expect(again.allSatisfy { $0.word == "applied" })
        try await expectMade(20, again, in: world)
      }
    }
  }

  @Test func `a service that stops early, mixes the order and counts in numbers is understood`()
    async throws
  {
    try await withSCIMWorld { world in
      world.transport.bend { request, response in
        guard request.url.path.hasSuffix("/Bulk"), response.status == 200,
          let results = response.json?["Operations"]?.elements
        else { return response }
        // The last three were done, and are not told.
        let told = results.dropLast(3).reversed().map { result in
          var result = result
          result["status"] = .number(result["status"]?.text ?? "")
          return result
        }
        return response.with(["Operations": .array(told)])
      }
      _ = try await world.read([])
      let outcomes = try await world.apply(creations(12, in: world))
      #expect(outcomes.allSatisfy { $0.isDone })
      try await expectMade(12, outcomes, in: world)
    }
  }

  @Test func `many accounts are disabled at once, and looked at afterwards`() async throws {
    try await withSCIMWorld { world in
      let accounts = try await world.accounts(20)
      world.transport.forget()
      let outcomes = try await world.apply(
        accounts.map { .disableAccount($0, .deactivate, because: world.ended) })
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      // One bulk request and one page.
      #expect(world.transport.requests.count == 2)
      #expect(try await world.read([]).accounts.allSatisfy { !$0.isEnabled })
      world.transport.forget()
      let again = try await world.apply(
        accounts.map { .enableAccount($0, .deactivate, [], because: world.reason) })
      #expect(again.allSatisfy { $0.word == "applied" })
      #expect(try await world.read([]).accounts.allSatisfy { $0.isEnabled })
    }
  }

  @Test func `a bulk request that claims success and does nothing is found out`() async throws {
    try await withSCIMWorld { world in
      let accounts = try await world.accounts(20)
      let liar = world.bulkLiar
      let target = try world.target(over: liar)
      _ = try await target.readActualState(world.everyone)
      let outcomes = try await target.apply(
        accounts.map { .disableAccount($0, .deactivate, because: world.ended) }, progress: { _ in })
      #expect(outcomes.allSatisfy { $0.word == "applied" })
      #expect(try await world.read([]).accounts.allSatisfy { !$0.isEnabled })
    }
  }

  @Test func `access ends before accounts are made`() async throws {
    try await withSCIMWorld { world in
      let accounts = try await world.accounts(10)
      world.transport.forget()
      let makings = (100..<110).map { world.creation(SubjectID("subject-\($0)")) }
      let endings = accounts.map { Change.disableAccount($0, .deactivate, because: world.ended) }
      #expect(try await world.apply(makings + endings).allSatisfy { $0.isDone })
      let bulks = world.transport.writes
      #expect(bulks.map { $0.operations.first?["method"]?.text } == ["PATCH", "POST"])
    }
  }

  @Test func `a dialect without bulk, or a few changes, send none`() async throws {
    try await withSCIMWorld {
      var dialect = Dialect("auto")
      dialect.bulk = false
      $0.dialect = dialect
    } _: { world in
      _ = try await world.read([])
      #expect(try await world.apply(creations(5, in: world)).allSatisfy { $0.isDone })
      #expect(posts(world) == ["Users": 5])
    }
    try await withSCIMWorld { world in
      _ = try await world.read([])
      #expect(try await world.apply(creations(2, in: world)).allSatisfy { $0.isDone })
      #expect(posts(world) == ["Users": 2])
    }
  }
}

extension SCIMWorld {
  var everyone: ManagedScope {
    ManagedScope(groups: [], attributes: [], disable: .deactivate)
  }

  /// Made and read.
  func accounts(_ count: Int) async throws -> [AccountReference] {
    _ = try await read([])
    let subjects = (0..<count).map { SubjectID("subject-\($0)") }
    let outcomes = try await apply(subjects.map { creation($0) })
    _ = try await read([])
    return zip(subjects, outcomes).map {
      AccountReference(subject: $0, displayName: nil, identity: $1.identity)
    }
  }
}

extension HTTPRequest {
  /// Of a bulk request or a PATCH.
  var operations: [JSONValue] { json?["Operations"]?.elements ?? [] }

  var json: JSONValue? { body.flatMap(parsed) }
}

extension HTTPResponse {
  var json: JSONValue? { parsed(body) }

  func with(_ json: JSONValue) -> HTTPResponse {
    HTTPResponse(status: status, fields: fields, body: json.encoded)
  }
}

private func parsed(_ bytes: [UInt8]) -> JSONValue? {
  do throws(MalformedJSON) {
    return try JSONValue(parsing: bytes)
  } catch {
    return nil
  }
}
