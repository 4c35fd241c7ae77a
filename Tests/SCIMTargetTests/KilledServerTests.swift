import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMTarget
import Synchronization
import Testing

/// A real service that keeps its users in a file, killed in the middle of a run and started again.
@Suite(.serialized) struct KilledServerTests {
  private static let subjects = (0..<6).map { SubjectID("s\($0)") }
  /// Six creations and one change of a group.
  private static let writes = 7

  @Test(arguments: [1, writes / 2 + 1, writes], [true, false])
  func `C3: a server killed at a write comes back, and nothing is there twice or missing`(
    strike: Int, arrives: Bool
  ) async throws {
    try await withSCIMWorld(.django) { world in
      let id = try await world.group("Editors")
      let killer = Killer(world, strike: strike, arrives: arrives)
      #expect(try await run(over: killer, world, id) == false)
      #expect(killer.writes >= strike)
      try await world.server.restart()
      try await untilItAnswers(world)
      var runs = 1
      while try await !run(over: killer, world, id), runs < 4 { runs += 1 }
      #expect(runs < 3)

      let state = try await world.read(["Editors"])
      #expect(state.accounts.compactMap(\.anchor).sorted() == Self.subjects)
      #expect(state.accounts.count == Self.subjects.count)
      #expect(state.memberships.count == Self.subjects.count)
      #expect(try await world.members(id).count == Self.subjects.count)
      // Nobody was made twice: a POST for one who is there already would be a conflict. One whose
      // answer went down with the service is not in this count.
      #expect(Set(killer.made).count == killer.made.count)
      #expect(killer.conflicts == 0)
    }
  }

  /// A service that has just been started on a busy machine takes a while; half a minute at most.
  private func untilItAnswers(_ world: SCIMWorld) async throws {
    for _ in 0..<150 {
      do {
        _ = try await world.read(["Editors"])
        return
      } catch {
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// One run of a target that remembers nothing; whether everything is done.
  private func run(
    over transport: any HTTPTransport, _ world: SCIMWorld, _ id: String?
  ) async throws -> Bool {
    let target = try world.target(over: transport)
    let scope = ManagedScope(groups: ["Editors"], attributes: [], disable: .deactivate)
    func read() async -> ActualState? {
      do throws(TargetError) { return try await target.readActualState(scope) } catch { return nil }
    }
    guard let before = await read() else { return false }
    let known = Set(before.accounts.compactMap(\.anchor))
    let made = try await target.apply(
      Self.subjects.filter { !known.contains($0) }.map { world.creation($0) }, progress: { _ in })
    guard made.allSatisfy({ $0.isDone }), let between = await read() else { return false }
    let members = Set(between.memberships.sorted.map { between.key(ofMember: $0.account) })
    let missing = between.accounts.filter { !members.contains($0.key) }.map {
      world.addition(
        AccountReference(subject: $0.anchor, displayName: nil, identity: $0.identity), "Editors", id
      )
    }
    return try await target.apply(missing, progress: { _ in }).allSatisfy { $0.isDone }
  }
}

/// Kills the service at one write, before it arrives or before it is answered.
private final class Killer: HTTPTransport {
  private let world: SCIMWorld
  private let strike: Int
  private let arrives: Bool
  private let seen = Mutex((writes: 0, made: [String](), conflicts: 0))

  init(_ world: SCIMWorld, strike: Int, arrives: Bool) {
    (self.world, self.strike, self.arrives) = (world, strike, arrives)
  }

  var writes: Int { seen.withLock { $0.writes } }
  var made: [String] { seen.withLock { $0.made } }
  var conflicts: Int { seen.withLock { $0.conflicts } }

  func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
    let isStruck =
      request.method != .get
      && seen.withLock { seen in
        seen.writes += 1
        return seen.writes == strike
      }
    if isStruck, !arrives { world.server.crash() }
    let response = try await world.transport.send(request)
    if request.method == .post {
      seen.withLock { seen in
        if response.status == 409 { seen.conflicts += 1 }
        if response.status == 201, let name = request.json?["userName"]?.text {
          seen.made.append(name)
        }
      }
    }
    if isStruck {
      world.server.crash()
      throw TransportError(kind: .broken, sent: .unknown, message: "the service was killed")
    }
    return response
  }
}
