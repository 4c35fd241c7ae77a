import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Testing

/// Faults of real services with groups and versions.
@Suite(.serialized) struct GroupFaultTests {
  @Test func `a version that is not announced is not sent, whatever the headers say`() async throws
  {
    try await withSCIMWorld(.minimal) { world in
      world.transport.bend { _, response in
        HTTPResponse(
          status: response.status, fields: response.fields + [HTTPField("ETag", #"W/"fake""#)],
          body: response.body)
      }
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      let changes = [
        .disableAccount(ada, .deactivate, because: world.ended), world.addition(ada, "Editors", id),
      ]
      #expect(try await world.apply(changes).allSatisfy { $0.isDone })
      let puts = world.transport.writes.filter { $0.method == .put }
      #expect(puts.count == 2)
      #expect(puts.allSatisfy { !$0.fields.contains { $0.name == "If-Match" } })
    }
  }

  @Test func `a version that stands still for a second is no proof that nothing was written`()
    async throws
  {
    try await withSCIMWorld { world in
      world.transport.bend { _, response in
        guard var json = response.json, json["meta"]?["version"] != nil else { return response }
        json["meta"]?["version"] = #"W/"1""#
        return response.with(json)
      }
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      #expect(try await world.apply([world.addition(ada, "Editors", id)]) == [.applied()])
      #expect(try await world.apply([world.removal(ada, "Editors", id)]) == [.applied()])
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await world.apply([disabling])[0].word == "applied")
    }
  }

  /// A service to which adding means replacing.
  private func replacing(_ world: SCIMWorld) -> StubTransport {
    StubTransport { [real = world.transport] request throws(TransportError) in
      var request = request
      if let body = request.body, request.method == .patch, request.url.path.contains("/Groups/") {
        request.body = Array(
          String(decoding: body, as: UTF8.self)
            .replacing(#""op":"add""#, with: #""op":"replace""#).utf8)
      }
      return try await real.send(request)
    }
  }

  @Test func `R10: adding that puts others out is not called done, and stops the target`()
    async throws
  {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      let other = try await world.group("Writers")
      _ = try await world.apply([world.addition(ada, "Editors", id)])
      let target = try world.target(over: replacing(world))
      _ = try await target.readActualState(world.everyone)
      let outcome = try await target.apply([world.addition(bob, "Editors", id)]) { _ in }[0]
      #expect(outcome.word == "unknown")
      #expect(outcome.detail?.contains("1 members are gone that nobody asked to remove") == true)
      let next = try await target.apply([world.addition(bob, "Writers", other)]) { _ in }[0]
      #expect(next.word == "failed")
      #expect(try await world.members(other).isEmpty)
    }
  }

  @Test func `doctor finds that adding replaces, and the dialect it suggests keeps everyone`()
    async throws
  {
    try await withSCIMWorld { world in
      let heard = Diagnoses()
      let target = try world.target(over: replacing(world))
      await target.examine(
        Examination(now: .init(microseconds: 0), scratch: true), report: heard.append)
      let remedy = heard.all.first { $0.topic == "dialect" }?.remedy ?? ""
      #expect(remedy.contains("patch: false"))
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      _ = try await world.apply([world.addition(ada, "Editors", id)])
      var dialect = Dialect("auto")
      dialect.patch = false
      let careful = try world.target(over: replacing(world)) { $0.dialect = dialect }
      _ = try await careful.readActualState(world.everyone)
      #expect(
        try await careful.apply([world.addition(bob, "Editors", id)]) { _ in } == [.applied()])
      #expect(try await world.members(id).count == 2)
    }
  }

  @Test func `members that are named by their URL alone are known, added and removed`()
    async throws
  {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      world.transport.bend { request, response in
        guard request.url.path.contains("/Groups"), var json = response.json else {
          return response
        }
        func refer(_ group: inout JSONValue) {
          guard let members = group["members"]?.elements else { return }
          group["members"] = .array(
            members.map { ["$ref": .string("../Users/\($0["value"]?.text ?? "")?x=1")] })
        }
        refer(&json)
        if let listed = json["Resources"]?.elements {
          json["Resources"] = .array(
            listed.map {
              var group = $0
              refer(&group)
              return group
            })
        }
        return response.with(json)
      }
      _ = try await world.read(["Editors"])
      let both = [ada, bob].map { world.addition($0, "Editors", id) }
      #expect(try await world.apply(both).allSatisfy { $0 == .applied() })
      #expect(try await world.read(["Editors"]).memberships.count == 2)
      #expect(try await world.apply([world.removal(ada, "Editors", id)]) == [.applied()])
      #expect(try await world.members(id) == [bob.identity?.immutableID ?? ""])
    }
  }

  @Test func `a removal that is answered and not made is told, and nobody else goes`() async throws
  {
    try await withSCIMWorld { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      _ = try await world.apply([ada, bob].map { world.addition($0, "Editors", id) })
      let real = world.transport
      let deaf = StubTransport { request throws(TransportError) in
        if request.method == .patch { return HTTPResponse(status: 200) }
        return try await real.send(request)
      }
      let outcome = try await world.target(over: deaf)
        .apply([world.removal(ada, "Editors", id)], progress: { _ in })[0]
      #expect(outcome.word == "failed")
      #expect(outcome.detail?.contains("still lists") == true)
      #expect(try await world.members(id).count == 2)
    }
  }

  @Test func `a member who is there is not added again`() async throws {
    try await withSCIMWorld { world in
      var accounts: [AccountReference] = []
      for name in ["ada", "bob", "eve"] { accounts.append(try await world.account(.init(name))) }
      let ids = accounts.compactMap { $0.identity?.key.rawValue }
      let id = try await world.group("Editors", members: [ids[0], ids[1]])
      let outcomes = try await world.apply(
        (accounts + accounts).map { world.addition($0, "Editors", id) })
      #expect(outcomes.allSatisfy { $0.isDone })
      let added = world.transport.writes.last?.operations.flatMap { $0["value"]?.elements ?? [] }
      #expect(added == [["value": .string(ids[2])]])
    }
  }

  @Test func `the last member leaves by an empty list where there is no PATCH`() async throws {
    try await withSCIMWorld(.minimal) { world in
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      #expect(try await world.apply([world.addition(ada, "Editors", id)]) == [.applied()])
      #expect(try await world.apply([world.removal(ada, "Editors", id)]) == [.applied()])
      #expect(world.transport.writes.last?.method == .put)
      #expect(world.transport.writes.last?.json?["members"] == [])
      #expect(try await world.members(id) == [])
    }
  }
}
