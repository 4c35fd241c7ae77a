import AccessModel
import ConnectorTesting
import SCIMTarget
import Synchronization
import Testing

/// Services of another temper than the first.
@Suite(.serialized) struct OtherServersTests {
  @Test func `a service that finds nobody by its filters is never given anyone twice`() async throws
  {
    try await withSCIMWorld(.django) { world in
      let first = try await world.apply([world.creation("ada")])[0]
      let again = try await world.apply([world.creation("ada")])[0]
      #expect(first.word == "applied")
      #expect(again == .alreadyInState(identity: first.identity))
    }
  }

  @Test func `a service that refuses to take members out one by one keeps them, and says so`()
    async throws
  {
    try await withSCIMWorld(.django) { world in
      let (ada, bob) = (try await world.account("ada"), try await world.account("bob"))
      let id = try await world.group("Editors")
      let additions = [ada, bob].map { world.addition($0, "Editors", id) }
      #expect(try await world.apply(additions) == [.applied(), .applied()])
      let removal = world.removal(ada, "Editors", id)
      #expect(try await world.apply([removal])[0].isDone == false)
      #expect(try await world.members(id).count == 2)

      var dialect = Dialect("auto")
      dialect.memberRemoval = .valueArray
      let told = try world.target(over: world.transport) { $0.dialect = dialect }
      #expect(try await told.apply([removal], progress: { _ in }) == [.applied()])
      #expect(try await world.members(id) == [bob.identity?.immutableID])
    }
  }

  @Test func `doctor finds the form that this service takes, and suggests it`() async throws {
    try await withSCIMWorld(.django) { world in
      let heard = Diagnoses()
      await world.target.examine(
        Examination(now: .init(microseconds: 0), scratch: true), report: heard.append)
      let dialect = try #require(heard.all.first { $0.topic == "dialect" }?.remedy)
      #expect(dialect.contains("memberRemoval: valueArray"))
      #expect(dialect.contains("# by filter: refused (501)"))
      // Nothing of the examination is left.
      #expect(try await world.read([]).accounts.isEmpty)
      #expect(heard.all.allSatisfy { $0.verdict != .fault })
    }
  }

  @Test func `doctor without scratch writes nothing`() async throws {
    try await withSCIMWorld { world in
      let heard = Diagnoses()
      await world.target.examine(
        Examination(now: .init(microseconds: 0)), report: heard.append)
      #expect(world.transport.writes.isEmpty)
      #expect(heard.all.contains { $0.topic == "users" && $0.verdict == .fine })
    }
  }

  @Test func `a service with OAuth, without anchors, with members by name is kept in order`()
    async throws
  {
    try await withSCIMWorld(.canaille) { world in
      let names = ["name.givenName": ["Ada"], "name.familyName": ["Lovelace"]]
      let outcome = try await world.apply([
        world.creation("ada", names.merging(["emails.work": ["ada@example.org"]]) { $1 })
      ])[0]
      #expect(outcome.word == "applied")
      let ada = AccountReference(subject: "ada", displayName: nil, identity: outcome.identity)
      let made = try await world.apply([
        world.creation("bob", names.merging(["emails.work": ["bob@example.org"]]) { $1 })
      ])[0]
      let bob = AccountReference(subject: "bob", displayName: nil, identity: made.identity)
      let id = try await world.group("Editors")
      let addition = world.addition(ada, "Editors", id)
      #expect(try await world.apply([addition]) == [.applied()])
      #expect(try await world.apply([world.addition(bob, "Editors", id)]) == [.applied()])
      let state = try await world.read(["Editors"], ["emails.work", "name.givenName"])
      #expect(state.memberships.count == 2)
      #expect(state.strangers.isEmpty)
      #expect(
        state.accounts.map { $0.attributes["emails.work"] }.contains(["ada@example.org"]))
      #expect(try await world.apply([addition]) == [.alreadyInState()])
      #expect(try await world.apply([world.removal(ada, "Editors", id)]) == [.applied()])
      #expect(try await world.members(id) == ["bob"])
      // The last one goes by the whole list: this service fails at the filter then.
      #expect(try await world.apply([world.removal(bob, "Editors", id)]) == [.applied()])
      #expect(try await world.members(id) == [])
    }
  }
}

/// What an examination reported.
final class Diagnoses: Sendable {
  private let found = Mutex<[Diagnosis]>([])

  @Sendable func append(_ diagnosis: Diagnosis) { found.withLock { $0.append(diagnosis) } }
  var all: [Diagnosis] { found.withLock { $0 } }
}
