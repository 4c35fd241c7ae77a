import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Testing

/// Over a real service, with answers lost or bent on their way where a case needs it.
@Suite(.serialized) struct SCIMTargetTests {
  private func failure(_ sent: TransportError.Sent) -> TransportError {
    TransportError(kind: .broken, sent: sent, message: "cut")
  }

  @Test func `a user that has the name and not the anchor is a conflict, and stays as it is`()
    async throws
  {
    try await withSCIMWorld { world in
      let id = try await world.user(["userName": "ADA"])
      let outcome = try await world.apply([world.creation("ada", ["title": ["Guest"]])])[0]
      guard case .refused(let reason) = outcome else {
        Issue.record("the outcome is \(outcome)")
        return
      }
      #expect(reason.contains("conflict"))
      #expect(world.transport.writes.isEmpty)
      let user = try await world.hand.get(.user, id: id ?? "", world.capabilities)
      #expect(user?.text("externalId") == nil)
      #expect(user?.text("title") == nil)
    }
  }

  @Test func `two users with one anchor are never chosen from`() async throws {
    try await withSCIMWorld { world in
      for name in ["a", "b"] {
        _ = try await world.user(["userName": .string(name), "externalId": "ada"])
      }
      let outcome = try await world.apply([world.creation("ada")])[0]
      #expect(outcome.word == "refused")
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test func `a user whose creation was answered by silence is found again, not made again`()
    async throws
  {
    try await withSCIMWorld { world in
      let lost = failure(.unknown)
      world.transport.bend { request, response throws(TransportError) in
        if request.method == .post { throw lost }
        return response
      }
      let outcome = try await world.apply([world.creation("ada")])[0]
      #expect(outcome.word == "alreadyInState")
      #expect(outcome.identity != nil)
      #expect(world.transport.writes.count == 1)
      #expect(try await world.read([]).accounts.map(\.identity) == [outcome.identity])
    }
  }

  @Test func `a conflict that the filter does not show is looked for in the whole list`()
    async throws
  {
    try await withSCIMWorld { world in
      _ = try await world.user(["userName": "ada"])
      world.transport.bend { request, response throws(TransportError) in
        guard request.url.query?.contains("filter=") == true else { return response }
        return HTTPResponse(status: 200, body: Array(#"{"totalResults":0}"#.utf8))
      }
      let outcome = try await world.apply([world.creation("ada")])[0]
      #expect(outcome.word == "refused")
      #expect(outcome.detail?.contains("conflict") == true)
    }
  }

  @Test(arguments: [SCIMServerFeatures.all, .minimal, .cursors])
  func `every kind of attribute is written, changed and cleared`(
    features: SCIMServerFeatures
  ) async throws {
    try await withSCIMWorld(features) { world in
      let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
      let first = [
        "displayName": ["Ada"], "name.givenName": ["Ada"], "emails.work": ["a@example.org"],
        "phoneNumbers.work": ["+1"], "title": ["Guest"], department: ["R&D \"x\""],
        "active": ["true"],
      ]
      let then = [
        "displayName": ["Ada L"], "name.givenName": ["A."], "emails.work": ["b@example.org"],
        "phoneNumbers.work": [], "title": [], department: ["Sales"], "active": ["true"],
      ]
      let created = try await world.apply([world.creation("ada", first)])[0]
      #expect(created.word == "applied")
      let names = Array(first.keys)
      let before = try await world.read([], names).accounts[0].attributes
      #expect(names.allSatisfy { before[$0] == first[$0] })

      let account = AccountReference(
        subject: "ada", displayName: nil, identity: created.identity)
      let changes = names.sorted().map {
        AttributeChange(name: $0, before: first[$0] ?? [], after: then[$0] ?? [])
      }
      let updated = try await world.apply([
        .updateAccount(account, changes, because: world.reason)
      ])[0]
      #expect(updated == .applied(identity: created.identity))
      let after = try await world.read([], names).accounts[0]
      #expect(names.allSatisfy { after.attributes[$0] == then[$0] })
      #expect(after.anchor == "ada")

      let back = names.sorted().map {
        AttributeChange(name: $0, before: then[$0] ?? [], after: first[$0] ?? [])
      }
      #expect(
        try await world.apply([.updateAccount(account, back, because: world.reason)])[0].isDone)
      #expect(try await world.read([], names).accounts[0].attributes == before)
    }
  }

  @Test func `an answer of success that changes nothing is not believed`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      let transport = world.transport
      let quiet = StubTransport { request throws(TransportError) in
        if [.patch, .put].contains(request.method) { return HTTPResponse(status: 204) }
        return try await transport.send(request)
      }
      let deaf = try world.target(over: quiet)
      let changes: [Change] = [
        .disableAccount(ada, .deactivate, because: world.ended),
        world.addition(ada, "Editors", id),
      ]
      for change in changes {
        let outcome = try await deaf.apply([change], progress: { _ in })[0]
        #expect(["failed", "refused"].contains(outcome.word), "\(change.kind): \(outcome)")
      }
    }
  }

  @Test func `an active account is not deleted`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      #expect(
        try await world.apply([.deleteAccount(ada, because: world.ended)])[0].word == "refused")
      #expect(try await world.read([]).accounts.count == 1)
    }
  }

  @Test func `what is protected is never written`() async throws {
    try await withSCIMWorld {
      $0.protected = ["Root", "Admins"]
    } _: { world in
      let id = try await world.user(["userName": "root", "externalId": "r"])
      let groupID = try await world.group("Admins")
      let identity = id.map { AccountIdentity(key: .init($0), immutableID: $0) }
      let root = AccountReference(subject: "r", displayName: nil, identity: identity)
      let changes: [Change] = [
        world.creation("root"), .disableAccount(root, .deactivate, because: world.ended),
        .updateAccount(
          root, [AttributeChange(name: "title", before: [], after: ["x"])], because: world.reason),
        world.addition(root, "Admins", groupID), .createGroup("Admins", because: world.reason),
      ]
      for change in changes {
        #expect(try await world.apply([change])[0].word == "refused")
      }
      #expect(world.transport.writes.isEmpty)
    }
  }

  @Test func `a missing group is created once, and two of one name are never chosen from`()
    async throws
  {
    try await withSCIMWorld { world in
      #expect(try await world.read(["Editors"]).groups == [.missing])
      let first = try await world.apply([.createGroup("Editors", because: world.reason)])[0]
      let second = try await world.apply([.createGroup("Editors", because: world.reason)])[0]
      #expect(first.word == "applied")
      #expect(second == .alreadyInState(groupID: first.groupID))
      let ada = try await world.account("ada")
      #expect(try await world.apply([world.addition(ada, "Editors", nil)])[0] == .applied())

      _ = try await world.group("Editors")
      #expect(
        try await world.read(["Editors"]).groups
          == [.unreadable(reason: "2 groups are named 'Editors'")])
      #expect(
        try await world.apply([.createGroup("Editors", because: world.reason)])[0].word
          == "refused")
      #expect(
        try await world.apply([world.removal(ada, "Editors", nil)])[0].word == "failed")
    }
  }

  @Test(arguments: [SCIMServerFeatures.all, .minimal])
  func `many members come and go in chunks, and strangers stay`(
    features: SCIMServerFeatures
  ) async throws {
    try await withSCIMWorld(features) {
      $0.dialect = .chunks(of: 10)
    } _: { world in
      var accounts: [AccountReference] = []
      for number in 0..<25 {
        accounts.append(try await world.account(SubjectID("subject-\(number)")))
      }
      let id = try await world.group("Editors", members: ["stranger"])
      let ids = accounts.compactMap(\.identity?.key.rawValue)
      let added = try await world.apply(accounts.map { world.addition($0, "Editors", id) })
      #expect(added.allSatisfy { $0 == .applied() })
      #expect(try await world.members(id) == (ids + ["stranger"]).sorted())
      let state = try await world.read(["Editors"])
      #expect(state.memberships.count == 26)
      #expect(state.strangers == ["stranger"])

      let removed = try await world.apply(
        accounts.dropLast().map { world.removal($0, "Editors", id) })
      #expect(removed.allSatisfy { $0 == .applied() })
      #expect(try await world.members(id) == [ids[24], "stranger"].sorted())
      if features == .all {
        let patches = world.transport.writes.filter { $0.method == .patch }
        #expect(patches.count == 6)
        let bodies = patches.compactMap(\.body).map { String(decoding: $0, as: UTF8.self) }
        // A remove without a filter would empty the group.
        #expect(bodies.allSatisfy { !$0.contains(#""op":"remove","path":"members""#) })
      }
    }
  }

  @Test func `a member that the service will not have does not keep the others out`() async throws {
    try await withSCIMWorld {
      $0.dialect = .chunks(of: 8)
    } _: { world in
      var accounts: [AccountReference] = []
      for number in 0..<8 {
        accounts.append(try await world.account(SubjectID("subject-\(number)")))
      }
      let bad = accounts[3].identity?.key.rawValue ?? ""
      let id = try await world.group("Editors")
      let transport = world.transport
      let picky = StubTransport { request throws(TransportError) in
        let body = String(decoding: request.body ?? [], as: UTF8.self)
        guard request.method == .patch, body.contains(bad) else {
          return try await transport.send(request)
        }
        return HTTPResponse(status: 400, body: Array(#"{"scimType":"invalidValue"}"#.utf8))
      }
      let target = try world.target(over: picky)
      let outcomes = try await target.apply(
        accounts.map { world.addition($0, "Editors", id) }, progress: { _ in })
      #expect(outcomes.map(\.isDone) == (0..<8).map { $0 != 3 })
      #expect(outcomes[3].word == "refused")
      #expect(try await world.members(id).count == 7)
    }
  }

  @Test func `what the service's schema does not have is not sent, and told`() async throws {
    try await withSCIMWorld { world in
      let unknown = "urn:example:schemas:1.0:Badge:number"
      let outcome = try await world.apply([world.creation("ada", [unknown: ["7"]])])[0]
      #expect(outcome.word == "applied")
      let state = try await world.read([], [unknown, "title"])
      #expect(state.missingAttributes == [unknown])
      #expect(
        state.notices == ["\(unknown) is not sent: the service's schema has no such attribute"])
    }
  }

  @Test func `a change whose answer was lost is settled by reading`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let id = try await world.group("Editors")
      let lost = failure(.unknown)
      world.transport.bend { request, response throws(TransportError) in
        if request.method == .patch { throw lost }
        return response
      }
      #expect(try await world.apply([world.addition(ada, "Editors", id)])[0] == .applied())
      #expect(try await world.apply([world.removal(ada, "Editors", id)])[0] == .applied())
      let disabling = Change.disableAccount(ada, .deactivate, because: world.ended)
      #expect(try await world.apply([disabling])[0].word == "applied")
    }
  }

  @Test func `C3: a group whose creation was not answered is ours all the same`() async throws {
    try await withSCIMWorld { world in
      let lost = failure(.unknown)
      world.transport.bend { request, response throws(TransportError) in
        if request.method == .post { throw lost }
        return response
      }
      let outcome = try await world.apply([.createGroup("Editors", because: world.reason)])[0]
      #expect(outcome.word == "applied")
      #expect(outcome.groupID != nil)
    }
  }

  @Test func `when more members go than were asked to, the target stops`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let bob = try await world.account("bob")
      let id = try await world.group("Editors", members: ["stranger"])
      _ = try await world.apply([world.addition(ada, "Editors", id)])
      let empty = #"{"id":"\#(id ?? "")","displayName":"Editors","members":[]}"#
      let transport = world.transport
      let greedy = StubTransport { request throws(TransportError) in
        let hasRemoved = transport.writes.contains {
          $0.body.map { String(decoding: $0, as: UTF8.self) }?.contains("remove") == true
        }
        let response = try await transport.send(request)
        guard request.method == .get, request.url.path.contains("/Groups/"), hasRemoved else {
          return response
        }
        return HTTPResponse(status: 200, body: Array(empty.utf8))
      }
      let target = try world.target(over: greedy)
      let first = try await target.apply([world.removal(ada, "Editors", id)]) { _ in }
      #expect(first.map(\.word) == ["unknown"])
      let writes = world.transport.writes.count
      let later = try await target.apply([
        world.creation("eve"), world.addition(bob, "Editors", id),
      ]) { _ in }
      for outcome in later {
        guard case .failed(.stopTarget, let reason) = outcome else {
          Issue.record("the target goes on: \(outcome)")
          continue
        }
        #expect(reason.contains("1 members are gone"))
      }
      #expect(world.transport.writes.count == writes)
    }
  }

  @Test(arguments: [404, 405, 501])
  func `a service without groups keeps its users`(status: Int) async throws {
    try await withSCIMWorld { world in
      _ = try await world.account("ada")
      world.transport.bend { request, response throws(TransportError) in
        request.url.path.contains("/Groups") ? HTTPResponse(status: status) : response
      }
      let state = try await world.read(["Editors", "Writers"])
      #expect(state.coverage == .complete)
      #expect(state.accounts.count == 1)
      for group in state.groups {
        guard case .unreadable(let reason) = group else {
          Issue.record("the group is \(group)")
          continue
        }
        #expect(reason.hasPrefix("the service offers no groups"))
      }
    }
  }

  @Test func `a listing that disagrees with its total is partial`() async throws {
    try await withSCIMWorld { world in
      _ = try await world.account("ada")
      world.transport.bend { request, response throws(TransportError) in
        guard request.url.path.hasSuffix("/Users") else { return response }
        let body = String(decoding: response.body, as: UTF8.self)
          .replacing(#""totalResults":1"#, with: #""totalResults":2"#)
          .replacing(#""totalResults": 1"#, with: #""totalResults": 2"#)
        return HTTPResponse(status: 200, body: Array(body.utf8))
      }
      let state = try await world.read([])
      #expect(!state.coverage.isComplete)
      #expect(state.accounts.count == 1)
    }
  }

  @Test func `a refused credential stops the target`() async throws {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let bob = try await world.account("bob")
      world.transport.bend { _, _ throws(TransportError) in HTTPResponse(status: 401) }
      let outcomes = try await world.apply([
        .disableAccount(ada, .deactivate, because: world.ended),
        .disableAccount(bob, .deactivate, because: world.ended),
      ])
      for outcome in outcomes {
        guard case .failed(.stopTarget, _) = outcome else {
          Issue.record("the target goes on: \(outcome)")
          continue
        }
      }
      let error = await #expect(throws: TargetError.self) { try await world.read([]) }
      #expect(error?.disposition == .stopTarget)
    }
  }

  @Test func `progress counts every change once`() async throws {
    try await withSCIMWorld { world in
      let heard = Heard()
      _ = try await world.target.apply((0..<7).map { world.creation(.init("subject-\($0)")) }) {
        heard.append($0)
      }
      #expect(heard.all == (1...7).map { Progress(done: $0, total: 7) })
    }
  }

  @Test func `a group that was renamed is not taken for gone, and is left by its id`() async throws
  {
    try await withSCIMWorld { world in
      let ada = try await world.account("ada")
      let id = try await world.group("New Name", members: [ada.identity?.key.rawValue ?? ""])
      let scope = ManagedScope(
        groups: ["Old Name"], groupIDs: ["Old Name": id ?? ""], attributes: [],
        disable: .deactivate)
      let state = try await world.target.readActualState(scope)
      guard case .unreadable(let reason) = state.groups[0] else {
        Issue.record("the group is \(state.groups[0])")
        return
      }
      #expect(reason.contains("'New Name'"))
      let added = try await world.apply([world.addition(ada, "Old Name", id)])
      #expect(added.map(\.word) == ["failed"])
      let removed = try await world.apply([world.removal(ada, "Old Name", id)])
      #expect(removed.map(\.word) == ["applied"])
      #expect(try await world.members(id) == [])
    }
  }

  @Test func `a service that takes whole lists only and hides members is written no further`()
    async throws
  {
    try await withSCIMWorld(.minimal) { world in
      let ada = try await world.account("ada")
      let (first, second) = (try await world.group("A"), try await world.group("B"))
      world.transport.bend { request, response throws(TransportError) in
        guard request.url.path.contains("/Groups") else { return response }
        let body = String(decoding: response.body, as: UTF8.self)
          .replacing(#""members""#, with: #""hidden""#)
        return HTTPResponse(
          status: response.status, fields: response.fields, body: Array(body.utf8))
      }
      let one = try await world.apply([world.addition(ada, "A", first)])
      #expect(one.map(\.isDone) == [false])
      let two = try await world.apply([world.addition(ada, "B", second)])
      guard case .failed(.stopTarget, let reason) = two[0] else {
        Issue.record("the target goes on: \(two[0])")
        return
      }
      #expect(reason.contains("hides them"))
      #expect(try await world.members(second) == [])
    }
  }
}
