import AccessModel
import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// T3: the program on a machine whose wall clock jumps, while the servers' clocks are right.
  @Suite struct Clocks {
    /// Both servers are asked, and both are right: a jump that they contradict stays in doubt.
    @Test func `T3: a jump removes nothing early and poisons nothing, and ends happen on time`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        let end = Instant.fromNow(.seconds(12))
        var later = Record("jon", "Archive")
        later.start = end.description
        try world.write([Record("ines", "Lab", end: end), later, Record("kai", "Lab")])
        try await world.bellhop.run("apply", exits: 0)

        try await world.bellhop.run("apply", clock: "-1s", exits: 0)
        for jump in ["-1h", "-10y", "+1d", "+10y"] {
          let answer = try await world.bellhop.run("apply --json", clock: jump, exits: 4)
          let held = try answer.json["clock"]["held"]
          #expect(jump.hasPrefix("-") || held == .number(2))
          #expect(answer.errors.contains("the clock of this machine is in doubt"))
          #expect(answer.errors.contains("the clock of corp says"))
          #expect(answer.errors.contains("the clock of wiki says"))
          #expect(try await world.members("lab") == ["ines", "kai"], "\(jump)")
          #expect(try await world.members("archive") == [], "\(jump)")
          let status = try await world.bellhop.run("status", clock: jump, exits: 0)
          #expect(status.output.contains("bellhop release --clock"))
          try await world.bellhop.run("plan", clock: jump, exits: 4)
        }

        try await end.hasCome()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["kai"])
        #expect(try await world.wiki?.members("Lab") == ["kai"])
        #expect(try await world.members("archive") == ["jon"])
        #expect(try await world.bellhop.run("status", "--json", exits: 0).json["clock"] == .null)
      }
    }

    /// The first run was three days behind, the second is right: only a server can know that.
    @Test(arguments: [false, true])
    func `T3: one server whose clock agrees settles a doubt at once`(hasWiki: Bool) async throws {
      try await withWorld(wiki: hasWiki) { world in
        try world.write([
          Record("ines", "Lab", end: .fromNow(.seconds(-86_400))), Record("kai", "Lab"),
        ])
        try await world.bellhop.run("apply", clock: "-3d", exits: 0)
        #expect(try await world.members("lab") == ["ines", "kai"])
        if hasWiki {
          // The directory is gone, the service answers.
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:9"))
          try await world.bellhop.run("apply", exits: 69)
          #expect(try await world.wiki?.members("Lab") == ["kai"])
        } else {
          try await world.bellhop.run("apply", exits: 0)
          #expect(try await world.members("lab") == ["kai"])
        }
        #expect(try await world.bellhop.run("status", "--json", exits: 0).json["clock"] == .null)
      }
    }

    @Test func `T3: where no server can tell, somebody can, for this jump only`() async throws {
      try await withWorld { world in
        try world.write([
          Record("ines", "Lab", end: .fromNow(.seconds(-86_400))), Record("kai", "Lab"),
        ])
        try await world.bellhop.run("apply", clock: "-3d", exits: 0)
        try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:9"))
        try await world.bellhop.run("apply", exits: 69)
        let plan = try await world.bellhop.run("plan", exits: 69)
        #expect(plan.errors.contains("corp cannot be asked"))

        try await world.bellhop.run("release", "--clock", exits: 64)
        try await world.bellhop.run(
          "release", "--clock", "--reason", "the battery was changed", exits: 0)
        #expect(try await world.bellhop.run("status", "--json", exits: 0).json["clock"] == .null)
        let again = try await world.bellhop.run("status", clock: "+9d", exits: 0)
        #expect(again.output.contains("in doubt"))
        #expect(
          try await world.bellhop.run("release", "--clock", "--reason", "again", exits: 0)
            .errors.contains("is not in doubt"))

        try world.configure()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["kai"])
      }
    }

    @Test func `T3: the loop notices a jump, waits, and acts on time once the clock is right`()
      async throws
    {
      try await withWorld { world in
        let end = Instant.fromNow(.seconds(20))
        try world.write([Record("ines", "Lab", end: end), Record("kai", "Lab")])
        try world.bellhop.write("+0s", to: "offset")
        var bellhop = world.bellhop
        bellhop.environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        bellhop.environment["FAKETIME_TIMESTAMP_FILE"] = bellhop.path("offset")
        bellhop.environment["FAKETIME_NO_CACHE"] = "1"
        // faketime(1) waits for the program instead of becoming it.
        let script = """
          exec faketime -f +0s sh -c 'echo $$ >pid; exec env -u FAKETIME "$BELLHOP" run'
          """
        let loop = try bellhop.start(["-c", script], program: URL(filePath: "/bin/sh"))
        func signal(_ number: Int32) {
          let text = String(
            decoding: FileManager.default.contents(atPath: bellhop.path("pid")) ?? Data(),
            as: UTF8.self)
          if let identifier = Int32(text.dropLast()) { kill(identifier, number) }
        }
        defer { signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines", "kai"] }
        try world.bellhop.write("+10y", to: "offset")
        try await until { try loop.errorsSoFar().contains("is in doubt") }
        #expect(try await world.members("lab") == ["ines", "kai"])
        try world.bellhop.write("+0s", to: "offset")
        try await end.hasCome()
        try await until { try await world.members("lab") == ["kai"] }
        #expect(Instant.wallClock >= end)
        signal(SIGTERM)
        #expect(try await loop.answer().code == 0)
      }
    }
  }
}

extension Installation {
  /// Runs it on a machine whose wall clock was set away from the time that passed; the clocks that run
  /// since the machine started are left alone.
  @discardableResult
  func run(
    _ arguments: String, clock offset: String, exits code: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Answer {
    let answer = try await runInShell(
      "FAKETIME_DONT_FAKE_MONOTONIC=1 exec faketime -f \(offset) \"$BELLHOP\" \(arguments)")
    #expect(
      answer.code == code, "\(offset): \(answer.output)\n\(answer.errors)",
      sourceLocation: sourceLocation)
    return answer
  }
}
