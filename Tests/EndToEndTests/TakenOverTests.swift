import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// C6: a run that lost its right to write, though it has a lock, stops.
  @Suite struct TakenOver {
    private func withLoop(_ body: (World, Run) async throws -> Void) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines"] }
        // Also recorded, and not only done.
        try await until { try loop.errorsSoFar().contains("exit=0") }
        try await body(world, loop)
      }
    }

    /// Something new to do, which the loop must not do.
    private func expectStop(_ world: World, _ loop: Run, _ words: String) async throws {
      try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
      let answer = try await loop.answer()
      #expect(answer.code == 75, "\(answer.code): \(answer.everything)")
      #expect(answer.errors.contains(words), "\(answer.errors)")
      #expect(try await world.members("lab") == ["ines"])
    }

    @Test func `C6: a run whose lock file is deleted writes nothing more`() async throws {
      try await withLoop { world, loop in
        try world.bellhop.delete("state/lock")
        try await expectStop(world, loop, "deleted or replaced")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
        try await world.bellhop.run("verify", exits: 0)
      }
    }

    @Test func `C6: a run whose state folder is moved away writes nothing more`() async throws {
      try await withLoop { world, loop in
        try FileManager.default.moveItem(
          atPath: world.bellhop.path("state"), toPath: world.bellhop.path("elsewhere"))
        try await expectStop(world, loop, "deleted or replaced")
      }
    }

    @Test func `C6: a run whose ledger is put back from a backup writes nothing more`() async throws
    {
      try await withLoop { world, loop in
        let folder = world.bellhop.state
        try FileManager.default.copyItem(
          at: folder.appending(path: "ledger.sqlite"), to: folder.appending(path: "copy"))
        for suffix in ["-wal", "-shm"] { try world.bellhop.delete("state/ledger.sqlite\(suffix)") }
        #expect(
          rename(
            folder.appending(path: "copy").path, folder.appending(path: "ledger.sqlite").path) == 0)
        try await expectStop(world, loop, "moved away or replaced")
      }
    }

    @Test func `C6: a run that another one has taken over from says which`() async throws {
      try await withLoop { world, loop in
        // Asleep, so that it does not see that its lock is gone before another has taken it.
        loop.signal(SIGSTOP)
        try world.bellhop.delete("state/lock")
        let other = try world.bellhop.start(["run"])
        defer { other.signal(SIGKILL) }
        try await until { try other.errorsSoFar().contains("not listening") }
        loop.signal(SIGCONT)
        let answer = try await loop.answer()
        #expect(answer.code == 75)
        #expect(answer.errors.contains("'bellhop run', process"), "\(answer.errors)")
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await until { try await world.members("lab") == ["ines", "jon"] }
        other.signal(SIGTERM)
        #expect(try await other.answer().code == 0)
        try await world.bellhop.run("verify", exits: 0)
      }
    }

    @Test
    func `C6: a run that slept in the middle of a batch while another took over undoes nothing`()
      async throws
    {
      try await withWorld { world in
        let guests = (0..<400).map { Record("g\($0)", "Lab") }
        try world.write(guests)
        let first = try world.bellhop.start(["apply"])
        defer { first.signal(SIGKILL) }
        try await until { try await world.directory.exists(world.account("g0")) }
        first.signal(SIGSTOP)
        try world.bellhop.delete("state/lock")
        // The other finishes the work, and then takes all of it back.
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 400)
        try world.write(guests.map { Record($0.login, "Lab", state: "expired") })
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == [])
        let before = try await world.snapshot()

        first.signal(SIGCONT)
        let answer = try await first.answer()
        #expect(answer.code == 75, "\(answer.code): \(answer.everything)")
        #expect(answer.errors.contains("bellhop apply"), "\(answer.errors)")
        #expect(try await world.snapshot() == before)
        try await world.bellhop.run("verify", exits: 0)
        try await world.bellhop.run("plan", exits: 0)
        let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json
        #expect(runs.items.count == 3)
        // Nothing half recorded: what the first was about to do is settled by what the second read.
        let open = try await world.bellhop.run("history", "--json", exits: 0).json.items
          .filter { $0["outcome"] == .null }
        #expect(open.isEmpty, "\(open.prefix(3))")
      }
    }
  }
}
