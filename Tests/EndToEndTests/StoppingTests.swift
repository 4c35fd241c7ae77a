import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Stopping {
    @Test(arguments: [SIGTERM, SIGINT])
    func `C9: told to stop while a directory hangs it ends within ten seconds`(
      signal: Int32
    ) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try world.write((0..<40).map { Record("g\($0)", "Lab") })
        try world.directory.freeze()
        let run = try world.bellhop.start(["apply"])
        try await Task.sleep(for: .seconds(1))
        #expect(run.isRunning, "it does not hang")
        let told = ContinuousClock.now
        run.signal(signal)
        let answer = try await run.answer()
        #expect(ContinuousClock.now - told < .seconds(20))
        #expect([4, 69].contains(answer.code), "\(answer.code): \(answer.everything)")
        await world.directory.stop()
        try await world.directory.start()
        try await world.bellhop.run("verify", exits: 0)
        let last = try await world.bellhop.run("status", "--json", exits: 0).json["lastRun"]
        #expect(last["summary"] != .null, "the run was not ended: \(last)")
        try await world.bellhop.run("apply", exits: 0)
      }
    }

    @Test
    func `C9: what was in flight when it was told to stop is unknown, and read by the next run`()
      async throws
    {
      try await withWorld { world in
        try world.write((0..<400).map { Record("g\($0)", "Lab") })
        let run = try world.bellhop.start(["apply"])
        // The first account is there: the rest is on its way.
        try await until { try await world.directory.exists(world.account("g0")) }
        try world.directory.freeze()
        let told = ContinuousClock.now
        run.signal(SIGTERM)
        let answer = try await run.answer()
        #expect(ContinuousClock.now - told < .seconds(20))
        await world.directory.stop()
        try await world.directory.start()
        try await world.bellhop.run("verify", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 400, "\(answer.everything)")
        try await world.bellhop.run("plan", exits: 0)
      }
    }
  }
}
