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
        try await kill(world, rounds: 8, from: 60, by: 30)
        try await world.bellhop.run("apply", exits: 0)
        let all = (0..<Self.guests).map { "g\($0)" }.sorted()
        for group in World.groups { #expect(try await world.members(group) == all) }
        try await world.bellhop.run("plan", exits: 0)

        // Every second guest leaves.
        try world.write(Self.records { $0.isMultiple(of: 2) ? "expired" : "delivered" })
        try await kill(world, rounds: 8, from: 60, by: 30)
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
        let logins = (0..<60).map { "g\($0)" }.sorted()
        try world.write(logins.flatMap { [Record($0, "Lab"), Record($0, "Archive")] })
        try await kill(world, rounds: 8, from: 120, by: 50)
        try await world.bellhop.run("apply", exits: 0)
        let wiki = try #require(world.wiki)
        let names = try await wiki.users().compactMap { $0["userName"].text }
        #expect(names.count == 60 && Set(names).count == 60)
        #expect(try await wiki.groups().count == 2)
        #expect(try await wiki.members("Lab") == logins)
        #expect(try await wiki.members("Archive") == logins)
        #expect(try await world.members("archive") == logins)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `a directory that dies in the middle is brought to its end by the next run`()
      async throws
    {
      try await withWorld { world in
        try world.write(Self.records { _ in "delivered" })
        for delay in [120, 160, 200, 240] {
          let run = try world.bellhop.start(["apply"])
          try await Task.sleep(for: .milliseconds(delay))
          await world.directory.stop()
          let answer = try await run.answer()
          #expect([0, 4, 69].contains(answer.code), "\(answer.everything)")
          try await world.directory.start()
        }
        try await world.bellhop.run("apply", exits: 0)
        let all = (0..<Self.guests).map { "g\($0)" }.sorted()
        for group in World.groups { #expect(try await world.members(group) == all) }
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    /// Starts it and kills it, each time somewhat later, with times in milliseconds.
    private func kill(_ world: World, rounds: Int, from first: Int, by step: Int) async throws {
      var killed = 0
      for round in 0..<rounds {
        let run = try world.bellhop.start(["apply"])
        let delay = first + round * step + Int.random(in: 0..<step)
        try await Task.sleep(for: .milliseconds(delay))
        run.signal(SIGKILL)
        let code = try await run.answer().code
        #expect(code == 0 || code == -SIGKILL, "it ended by itself with \(code)")
        if code != 0 { killed += 1 }
      }
      #expect(killed > 0, "every run ended before it was killed")
    }
  }
}
