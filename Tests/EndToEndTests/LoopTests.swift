import AccessModel
import ConnectorTesting
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Loop {
    /// How late a change may be seen: the write itself, and looking for it on a busy machine.
    static let tolerance = Duration.seconds(15)

    @Test func `the loop acts at the very start and end, sees new files, and stops when told`()
      async throws
    {
      try await withWorld { world in
        // Wakes by itself in an hour only, besides reading the source every second.
        try world.configure(more: "run: { interval: PT1H }\n")
        let (start, end) = (Instant.fromNow(.seconds(15)), Instant.fromNow(.seconds(30)))
        var later = Record("jon", "Lab")
        later.start = start.description
        try world.write([Record("ines", "Lab", end: end), later])
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }

        try await until { try await world.members("lab") == ["ines"] }
        #expect(Instant.wallClock < start, "this machine took more than 15 s to start")
        try await until { try await world.members("lab") == ["ines", "jon"] }
        expect(.wallClock, follows: start, "the start")
        try await until { try await world.members("lab") == ["jon"] }
        expect(.wallClock, follows: end, "the end")
        try await until {
          try await world.directory.values(of: "employeeType", at: world.account("ines"))
            == ["gone"]
        }

        try world.write([Record("ines", "Lab", end: end), later, Record("kai", "Lab")])
        let written = Instant.wallClock
        try await until { try await world.members("lab") == ["jon", "kai"] }
        #expect(Instant.wallClock.since(written) < .seconds(1) + Self.tolerance)

        loop.signal(SIGTERM)
        let told = Instant.wallClock
        let answer = try await loop.answer()
        #expect(answer.code == 0, "\(answer.errors)")
        #expect(Instant.wallClock.since(told) < .seconds(30))
        #expect(answer.output.isEmpty)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `an end is kept on time while the source is broken and a target is down`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        let end = Instant.fromNow(.seconds(20))
        try world.write([Record("ines", "Lab", end: end), Record("jon", "Lab")])
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.wiki?.members("Lab") == ["ines", "jon"] }
        try await until { try await world.members("lab") == ["ines", "jon"] }
        #expect(Instant.wallClock < end, "this machine took more than 20 s to start")
        try world.bellhop.write("broken", to: world.source)
        await world.directory.stop()

        try await until { try await world.wiki?.members("Lab") == ["jon"] }
        expect(.wallClock, follows: end, "the end")
        #expect(loop.isRunning)
        loop.signal(SIGINT)
        #expect(try await loop.answer().code == 0)
      }
    }

    private func expect(
      _ seen: Instant, follows due: Instant, _ what: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      let late = seen.since(due)
      #expect(
        late >= .zero && late < Self.tolerance, "\(what) came \(late) after its instant",
        sourceLocation: sourceLocation)
    }
  }
}

extension EndToEnd.Loop {
  @Test func `what is wrong is told once when it begins and once when it is over`() async throws {
    try await withWorld { world in
      try world.configure(more: "run: { interval: PT1S }\n")
      try world.write([Record("ines", "Lab")])
      let loop = try world.bellhop.start(["run"])
      defer { loop.signal(SIGKILL) }
      try await until { try await world.members("lab") == ["ines"] }
      try world.bellhop.write("broken", to: world.source)
      try await Task.sleep(for: .seconds(8))
      await world.directory.stop()
      try await Task.sleep(for: .seconds(4))
      try await world.directory.start()
      try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
      try await until { try await world.members("lab") == ["ines", "jon"] }
      try await Task.sleep(for: .seconds(3))
      loop.signal(SIGTERM)
      let log = try await loop.answer().errors
      let lines = log.split(separator: "\n").filter { $0.contains("desk: ") }
      #expect(lines.count { !$0.contains("no more") } == 1, "\(log)")
      #expect(lines.count { $0.contains("no more") } == 1, "\(log)")
      #expect(log.split(separator: "\n").count { $0.contains("corp: ") } <= 4, "\(log)")
      #expect(log.split(separator: "\n").count < 20, "\(log)")
    }
  }
}
