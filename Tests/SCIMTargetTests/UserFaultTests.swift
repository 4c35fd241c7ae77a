import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Synchronization
import Testing

/// Faults of real services with users: a real service, whose answers are bent on the way. Every fault
/// and its test are listed in docs/scim.md.
@Suite(.serialized) struct UserFaultTests {
  @Test(arguments: [(409, "{}"), (409, #"{"detail":"x"}"#), (500, "<html>"), (400, "{}")])
  func `a conflict is recognised whatever the service calls it`(
    status: Int, body: String
  ) async throws {
    try await withSCIMWorld { world in
      _ = try await world.user(["userName": "ada"])
      world.transport.bend { request, response in
        request.method == .post ? HTTPResponse(status: status, body: Array(body.utf8)) : response
      }
      let outcome = try await world.apply([world.creation("ada")])[0]
      #expect(outcome.word == "refused")
      #expect(outcome.detail?.contains("conflict") == true)
    }
  }

  @Test func `a user that was made although the service said 500 is found, not made again`()
    async throws
  {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      world.transport.bend { request, response in
        request.method == .post
          ? HTTPResponse(status: 500, body: Array("<h1>Oops</h1>".utf8)) : response
      }
      let outcome = try await world.apply([world.creation("ada")])[0]
      #expect(outcome.isDone)
      #expect(world.transport.writes.count == 1)
      #expect(try await world.read([]).accounts.map(\.identity) == [outcome.identity])
    }
  }

  @Test(arguments: ["/Users/ID?version=1", "/Users/NAME", nil])
  func `a user whose creation is answered without it is found, whatever its Location says`(
    location: String?
  ) async throws {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      // Nor does the service keep the anchor.
      let forgetful = StubTransport { [real = world.transport] request throws(TransportError) in
        guard request.method == .post, var json = request.json else {
          return try await real.send(request)
        }
        var request = request
        json["externalId"] = nil
        request.body = json.encoded
        let response = try await real.send(request)
        let id = response.json?["id"]?.text ?? ""
        let text = location?.replacing("ID", with: id).replacing("NAME", with: "ada")
        return HTTPResponse(
          status: 201, fields: [text].compactMap(\.self).map { HTTPField("Location", $0) })
      }
      let target = try world.target(over: forgetful)
      _ = try await target.readActualState(world.everyone)
      let outcome = try await target.apply([world.creation("ada")]) { _ in }[0]
      #expect(outcome.word == "applied")
      #expect(try await world.read([]).accounts.map(\.identity) == [outcome.identity])
    }
  }

  @Test func `a user that is made after we gave up waiting is found by the next run`() async throws
  {
    try await withSCIMWorld { world in
      _ = try await world.read([])
      let late = Mutex<HTTPRequest?>(nil)
      let real = world.transport
      let slow = StubTransport { request throws(TransportError) in
        guard request.method == .post else { return try await real.send(request) }
        late.withLock { $0 = request }
        throw TransportError(kind: .timedOut, sent: .unknown, message: "too slow")
      }
      let target = try world.target(over: slow)
      _ = try await target.readActualState(world.everyone)
      let outcome = try await target.apply([world.creation("ada")], progress: { _ in })[0]
      #expect(outcome.word == "unknown")
      #expect(slow.requests.count { $0.method == .post } == 1)
      let request = try #require(late.withLock { $0 })
      _ = try await real.send(request)
      #expect(try await target.readActualState(world.everyone).accounts.map(\.anchor) == ["ada"])
    }
  }

  @Test func `an anchor that the service keeps for itself is not sent`() async throws {
    try await withSCIMWorld { world in
      world.transport.bend { request, response in
        guard request.url.path.hasSuffix("/Schemas") else { return response }
        let attribute = #"{"name":"externalId","type":"string","mutability":"readOnly"},"#
        let body = String(decoding: response.body, as: UTF8.self)
          .replacing(#""attributes": ["#, with: #""attributes": [\#(attribute)"#)
        return HTTPResponse(status: 200, fields: response.fields, body: Array(body.utf8))
      }
      #expect(try await world.apply([world.creation("ada")])[0].word == "applied")
      let body = try #require(world.transport.writes.first?.json)
      #expect(body["externalId"] == nil)
      #expect(body["userName"] == "ada")
    }
  }

  @Test func `accounts of others are read, and neither disabled nor deleted`() async throws {
    try await withSCIMWorld { world in
      let id = try #require(try await world.user(["userName": "admin", "active": true]))
      let state = try await world.read([])
      #expect(state.accounts.map(\.anchor) == [nil])
      let admin = AccountReference(
        subject: nil, displayName: nil,
        identity: AccountIdentity(key: AccountKey(id), immutableID: id))
      let outcome = try await world.apply([.deleteAccount(admin, because: world.ended)])[0]
      #expect(outcome.word == "refused")
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test func `a deletion that only deactivates is told, and who comes back is made active again`()
    async throws
  {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await world.apply([disabling])[0].isDone)
      let real = world.transport
      let keeping = StubTransport { request throws(TransportError) in
        if request.method == .delete { return HTTPResponse(status: 204) }
        return try await real.send(request)
      }
      let target = try world.target(over: keeping)
      let deletion = try await target.apply(
        [.deleteAccount(ada, because: world.ended)], progress: { _ in })[0]
      #expect(deletion.word == "refused")
      #expect(deletion.detail?.contains("keeps the account") == true)
      let again = try await target.apply([world.creation("ada")], progress: { _ in })[0]
      #expect(again == .alreadyInState(identity: ada.identity))
      #expect(try await world.read([]).accounts.map(\.isEnabled) == [true])
    }
  }

  @Test func `what is gone already needs no deletion`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await world.apply([disabling])[0].isDone)
      world.transport.bend { request, response in
        request.method == .delete ? HTTPResponse(status: 404) : response
      }
      // Gone between the look and the request.
      let raced = try await world.apply([.deleteAccount(ada, because: world.ended)])[0]
      #expect(raced == .alreadyInState(identity: ada.identity))
      world.transport.forget()
      let later = try await world.apply([.deleteAccount(ada, because: world.ended)])[0]
      #expect(later == .alreadyInState(identity: ada.identity))
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test(arguments: [400, 405, 422, 501])
  func `a PATCH that is refused is followed by the next way, and that is remembered`(
    status: Int
  ) async throws {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let real = world.transport
      let refusing = StubTransport { request throws(TransportError) in
        if request.method == .patch { return HTTPResponse(status: status) }
        return try await real.send(request)
      }
      let target = try world.target(over: refusing)
      for account in [ada, bob] {
        let disabling = Change.disableAccount(account, .deactivate, because: world.ended)
        #expect(try await target.apply([disabling], progress: { _ in })[0].word == "applied")
      }
      let writes = refusing.requests.map(\.method).filter { $0 != .get }
      #expect(writes == [.patch, .patch, .put, .put])
    }
  }

  @Test func `booleans are booleans, for a service that refuses words`() async throws {
    try await withSCIMWorld(.django) { world in
      let ada = try await world.account("ada")
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await world.apply([disabling])[0].word == "applied")
      for body in world.transport.writes.compactMap(\.json) {
        let value = body["Operations"]?.elements?.first?["value"] ?? body["active"]
        guard case .bool? = value else {
          Issue.record("active is \(String(describing: value))")
          continue
        }
      }
    }
  }

  @Test func `what cannot be changed, and what must be there, is read from the schema`()
    async throws
  {
    try await withSCIMWorld(.canaille) { world in
      let names = [
        "name.givenName": ["Ada"], "name.familyName": ["Lovelace"],
        "emails.work": ["ada@example.org"],
      ]
      let outcome = try await world.apply([world.creation("ada", names)])[0]
      let ada = AccountReference(subject: "ada", displayName: nil, identity: outcome.identity)
      let id = try await world.group("Editors")
      #expect(try await world.apply([world.addition(ada, "Editors", id)]) == [.applied()])
      let bodies = world.transport.writes.compactMap(\.json)
      #expect(bodies.first?["name"]?["formatted"] == "Ada Lovelace")
      #expect(bodies.first?["emails"]?.elements?.first?["type"] == nil)
      let member = bodies.last?["Operations"]?.elements?.first?["value"]?.elements?.first
      #expect(
        member?["$ref"]?.text?.hasSuffix("/Users/\(ada.identity?.immutableID ?? "-")") == true)
      let state = try await world.read([], ["userName", "name.givenName"])
      #expect(state.fixedAttributes == ["userName"])
    }
  }
}
