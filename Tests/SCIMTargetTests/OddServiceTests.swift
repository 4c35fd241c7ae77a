import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Synchronization
import Testing

/// Services that answer success and mean something else: a real one, whose answers are bent on the
/// way.
@Suite(.serialized) struct OddServiceTests {
  @Test func `a value that the service keeps otherwise is sent once, also after a restart`()
    async throws
  {
    try await withSCIMWorld { world in
      world.transport.bend { _, response in response.replacing("Guest", with: "GUEST") }
      let outcome = try await world.apply([world.creation("ada", ["title": ["Guest"]])])[0]
      #expect(outcome.word == "applied")
      #expect(try await world.titles() == ["Guest"])
      let lessons = world.target.newLessons()
      let next = try world.target(over: world.transport)
      next.recall(lessons)
      let state = try await next.readActualState(
        ManagedScope(groups: [], attributes: ["title"], disable: nil))
      #expect(state.accounts.map { $0.attributes["title"] } == [["Guest"]])
      #expect(state.notices.contains { $0.contains("title is kept otherwise") })
      // What somebody changes there is seen.
      let key = try #require(outcome.identity?.immutableID)
      _ = try await world.hand.patch(
        .user, id: key, [.replace("title", "Boss")], world.capabilities)
      #expect(try await world.titles() == ["Boss"])
    }
  }

  @Test func `an attribute that is taken and dropped is tried in every way once, then left`()
    async throws
  {
    try await withSCIMWorld { world in
      world.transport.bend { _, response in
        response.dropping("title")
      }
      _ = try await world.apply([world.creation("ada", ["title": ["Guest"]])])
      #expect(world.transport.writes.map(\.method) == [.post, .patch, .patch, .put])
      #expect(try await world.titles() == ["Guest"])
      world.transport.forget()
      _ = try await world.apply([world.creation("bob", ["title": ["Guest"]])])
      #expect(world.transport.writes.map(\.method) == [.post])
      #expect(try await world.titles() == ["Guest", "Guest"])
    }
  }

  @Test(arguments: [200, 204])
  func `a PATCH without effect is followed by another way, which is remembered`(
    status: Int
  ) async throws {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let real = world.transport
      let deaf = StubTransport { request throws(TransportError) in
        if request.method == .patch { return HTTPResponse(status: status) }
        return try await real.send(request)
      }
      let target = try world.target(over: deaf)
      for account in [ada, bob] {
        let disabling = Change.disableAccount(account, .deactivate, because: world.ended)
        #expect(try await target.apply([disabling], progress: { _ in })[0].word == "applied")
      }
      let writes = deaf.requests.map(\.method).filter { $0 != .get }
      #expect(writes == [.patch, .patch, .put, .put])
    }
  }

  @Test func `members that are never shown are written, and taken from the ledger`() async throws {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      world.transport.bend { request, response in
        request.method == .get ? response.without("members") : response
      }
      let added = try await world.apply([
        world.addition(ada, "Editors", id), world.addition(bob, "Editors", id),
      ])
      #expect(added == [.applied(), .applied()])
      #expect(try await world.members(id).count == 2)
      let presumed = [ada, bob].compactMap { $0.identity?.key }
      let state = try await world.target.readActualState(
        ManagedScope(
          groups: ["Editors"], attributes: [], disable: nil, presumedMembers: { _, _ in presumed }))
      #expect(state.memberships.count == 2)
      #expect(
        try await world.apply([world.removal(ada, "Editors", id)]) == [.applied()])
      #expect(try await world.members(id) == [bob.identity?.immutableID])
    }
  }

  @Test func `whoever comes back finds the account that was only set aside`() async throws {
    try await withSCIMWorld { world in
      let id = try #require(
        try await world.user(["userName": "ada", "externalId": "ada", "active": false]))
      let outcome = try await world.apply([world.creation("ada", ["title": ["Guest"]])])[0]
      #expect(outcome.word == "alreadyInState")
      #expect(outcome.identity?.immutableID == id)
      let user = try await world.hand.get(.user, id: id, world.capabilities)
      #expect(user?.body["active"]?.boolean == true)
      #expect(user?.text("title") == "Guest")
    }
  }

  @Test func `a filter that is ignored links nobody`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.user(["userName": "stranger", "externalId": "stranger"])
      let real = world.transport
      let ignoring = StubTransport { request throws(TransportError) in
        var request = request
        if request.url.query?.contains("filter=") == true {
          request.url = request.url.with(query: [])
        }
        return try await real.send(request)
      }
      let target = try world.target(over: ignoring)
      let outcome = try await target.apply([world.creation("ada")], progress: { _ in })[0]
      #expect(outcome.word == "applied")
    }
  }

  @Test func `a whole user is read and written again when it changed in between`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let real = world.transport
      let hand = world.hand
      let (id, capabilities) = (ada.identity?.immutableID ?? "", world.capabilities)
      let isFirst = Once()
      let racing = StubTransport { request throws(TransportError) in
        if request.method == .put, isFirst.take() {
          do {
            _ = try await hand.patch(.user, id: id, [.replace("title", "Boss")], capabilities)
          } catch { Issue.record("\(error)") }
        }
        return try await real.send(request)
      }
      var dialect = Dialect("auto")
      dialect.firstWay = .put
      let target = try world.target(over: racing) { $0.dialect = dialect }
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await target.apply([disabling], progress: { _ in })[0].word == "applied")
      let user = try await world.hand.get(.user, id: id, world.capabilities)
      #expect(user?.text("title") == "Boss")
      #expect(user?.body["active"]?.boolean == false)
    }
  }

  @Test func `what is accepted and not done yet is unknown`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let real = world.transport
      let lazy = StubTransport { request throws(TransportError) in
        if request.method == .patch { return HTTPResponse(status: 202) }
        return try await real.send(request)
      }
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      let outcome = try await world.target(over: lazy).apply([disabling], progress: { _ in })[0]
      #expect(outcome.word == "unknown")
    }
  }

  @Test func `a body that is too large is halved, and the size is remembered`() async throws {
    try await withSCIMWorld { world in
      let id = try await world.group("Editors")
      var changes: [Change] = []
      for number in 0..<16 {
        let account = AccountReference(
          subject: SubjectID("s\(number)"), displayName: nil,
          identity: AccountIdentity(key: AccountKey("u\(number)"), immutableID: "u\(number)"))
        changes.append(world.addition(account, "Editors", id))
      }
      let real = world.transport
      let narrow = StubTransport { request throws(TransportError) in
        let members = String(decoding: request.body ?? [], as: UTF8.self).split(separator: "u")
          .count
        if request.method == .patch, members > 12 { return HTTPResponse(status: 413) }
        return try await real.send(request)
      }
      let target = try world.target(over: narrow)
      let outcomes = try await target.apply(changes, progress: { _ in })
      #expect(outcomes.allSatisfy { $0.isDone })
      #expect(target.newLessons().contains { $0.topic == "chunk" })
    }
  }

  @Test func `a service without groups says so once and goes on with its users`() async throws {
    try await withSCIMWorld {
      $0.dialect = Dialect.named("gitlab")
    } _: { world in
      _ = try await world.account("ada")
      let state = try await world.read(["Editors", "Writers"])
      #expect(state.accounts.count == 1)
      #expect(state.notices.count { $0.contains("offers no groups") } == 1)
      #expect(world.transport.requests.allSatisfy { !$0.url.path.hasSuffix("/Groups") })
    }
  }
}

extension SCIMWorld {
  fileprivate func titles() async throws -> [String] {
    try await read([], ["title"]).accounts.flatMap { $0.attributes["title"] }
  }
}

/// True the first time.
private final class Once: Sendable {
  private let isTaken = Atomic(false)

  func take() -> Bool { !isTaken.exchange(true, ordering: .sequentiallyConsistent) }
}

extension HTTPResponse {
  fileprivate func replacing(_ text: String, with other: String) -> HTTPResponse {
    let body = String(decoding: body, as: UTF8.self).replacing(text, with: other)
    return HTTPResponse(status: status, fields: fields, body: Array(body.utf8))
  }

  /// Without an attribute of the resource or of each that it lists.
  fileprivate func dropping(_ attribute: String) -> HTTPResponse {
    do throws(MalformedJSON) {
      var json = try JSONValue(parsing: body)
      json[attribute] = nil
      if let resources = json["Resources"]?.elements {
        json["Resources"] = .array(
          resources.map { resource in
            var resource = resource
            resource[attribute] = nil
            return resource
          })
      }
      return HTTPResponse(status: status, fields: fields, body: json.encoded)
    } catch {
      return self
    }
  }

  /// Under another name it is nothing the client knows.
  fileprivate func without(_ attribute: String) -> HTTPResponse {
    // A schema's own description of the attribute stays.
    replacing(#""\#(attribute)":"#, with: #""x-\#(attribute)":"#)
  }
}
