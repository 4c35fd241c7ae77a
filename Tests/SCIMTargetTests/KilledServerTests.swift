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
      #expect(try await world.fill(Self.subjects, ["Editors"], over: killer) == false)
      #expect(killer.writes >= strike)
      try await world.server.restart()
      try await untilItAnswers(world)
      var runs = 1
      while runs < 4, try await !world.fill(Self.subjects, ["Editors"], over: killer) {
        runs += 1
      }
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
