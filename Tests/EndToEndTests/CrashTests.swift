import AccessModel
import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Crashes {
    static let guests = 200

    /// Every guest holds all three packages.
    private static func records(_ state: (Int) -> String) -> [Record] {
      (0..<guests).flatMap { number in
        ["Lab", "Archive", "Gate"].map { Record("g\(number)", $0, state: state(number)) }
      }
    }

    @Test func `killed anywhere and run again it ends as if nothing had happened`() async throws {
      try await withWorld { world in
        try world.write(Self.records { _ in "delivered" })
        let begun = ContinuousClock().now
        try await killed(world, ["apply"], rounds: 4, within: .milliseconds(600))
        try await world.bellhop.run("apply", exits: 0)
        print("filling took \(ContinuousClock().now - begun)")
        let all = (0..<Self.guests).map { "g\($0)" }.sorted()
        for group in World.groups { #expect(try await world.members(group) == all) }
        try await world.bellhop.run("plan", exits: 0)

        // Every second guest leaves.
        try world.write(Self.records { $0.isMultiple(of: 2) ? "expired" : "delivered" })
        try await killed(world, ["apply"], rounds: 4, within: .milliseconds(600))
        try await world.bellhop.run("apply", exits: 0)
        let rest = (0..<Self.guests).filter { !$0.isMultiple(of: 2) }.map { "g\($0)" }.sorted()
        for group in World.groups { #expect(try await world.members(group) == rest) }
        let disabled = try await world.directory.search(
          world.directory.accounts, filter: "(employeeType=gone)", attributes: ["uid"])
        #expect(disabled.components(separatedBy: "\nuid: ").count - 1 == Self.guests / 2)
        try await world.bellhop.run("plan", exits: 0)
        let after = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == after)
      }
    }

    @Test func `killed while it writes to a service it makes no user twice`() async throws {
      try await withWorld(wiki: true) { world in
        let logins = (0..<40).map { "g\($0)" }.sorted()
        try world.write(logins.flatMap { [Record($0, "Lab"), Record($0, "Archive")] })
        try await killed(world, ["apply"], rounds: 5, within: .milliseconds(1_500))
        try await world.bellhop.run("apply", exits: 0)
        let wiki = try #require(world.wiki)
        let names = try await wiki.users().compactMap { $0["userName"].text }
        #expect(names.count == 40 && Set(names).count == 40)
        #expect(try await wiki.groups().count == 2)
        #expect(try await wiki.members("Lab") == logins)
        #expect(try await wiki.members("Archive") == logins)
        #expect(try await world.members("archive") == logins)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    /// Starts it and kills it after a time that the dice give, again and again.
    private func killed(
      _ world: World, _ arguments: [String], rounds: Int, within limit: Duration
    ) async throws {
      for _ in 0..<rounds {
        let run = try world.bellhop.start(arguments)
        let delay = Double.random(in: 0.05...1)
        try await Task.sleep(for: limit * delay)
        run.signal(SIGKILL)
        let code = try await run.answer().code
        #expect(code == 0 || code == -SIGKILL, "it ended by itself with \(code)")
      }
    }
  }
}
