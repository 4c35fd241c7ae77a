import AccessModel
import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Microsoft Graph that takes its time: nobody keeps access for it.
  @Suite struct SlowSources {
    /// The write, and looking for it on a busy machine.
    static let tolerance = Duration.seconds(15)

    @Test(arguments: [
      // Healthy: twenty pages, two seconds each.
      #"{"pageSize":1,"pageDelay":2}"#,
      #"{"faults":[{"path":"assignments","times":999,"status":"hang","seconds":120}]}"#,
    ])
    func `L1: an end is on time while its source is being read, slow or silent`(
      fault: String
    ) async throws {
      try await withEntra { world, graph in
        let end = Instant.fromNow(.seconds(25))
        var records = (1...20).map { GraphRecord("a-\($0)", of: "u-\($0)", name: "g\($0)") }
        records[0].end = end.description
        try await graph.hold(records)
        try world.configure(graph, more: ", users: none, interval: PT2S, poll: PT0S")
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab").count == 20 }
        try await graph.set(fault)
        let lists = try await graph.lists()
        try await until { try await graph.lists() > lists }
        try #require(.wallClock < end, "this machine took more than 25 s to start")
        try await end.hasCome()
        try await until { try await world.members("lab").count == 19 }
        let late = Instant.wallClock.since(end)
        print("an end while its source is being read: \(late) late")
        #expect(late < Self.tolerance)
        try await until { try await world.wiki?.members("Lab").count == 19 }

        loop.signal(SIGTERM)
        let told = ContinuousClock.now
        let answer = try await loop.answer()
        #expect(answer.code == 0, "\(answer.errors)")
        #expect(ContinuousClock.now - told < .seconds(30), "C9: the reading hangs")
      }
    }

    @Test func `L1: apply ends what has ended before a slow source has answered`() async throws {
      try await withEntra { world, graph in
        let end = Instant.fromNow(.seconds(20))
        var ines = GraphRecord("a-1", of: "u-1", name: "ines")
        ines.end = end.description
        try await graph.hold([ines, GraphRecord("a-2", of: "u-2", name: "jon")])
        try await world.bellhop.run("apply", exits: 0)
        try #require(.wallClock < end, "this machine took more than 20 s for the first apply")
        try await graph.hold([ines, GraphRecord("a-3", of: "u-3", name: "kai")])
        try await graph.set(#"{"pageDelay":20}"#)
        try await end.hasCome()
        let apply = try world.bellhop.start(["apply", "--json"])
        defer { apply.signal(SIGKILL) }
        // Without kai, whom the reading brings.
        try await until { try await world.members("lab") == ["jon"] }
        // The reading itself goes on, and is taken over whole.
        let answer = try await apply.answer()
        #expect(try await world.members("lab") == ["jon", "kai"])
        #expect(answer.code == 4, "jon's absence is to be confirmed: \(answer.everything)")
        #expect(try answer.json["before"].items.first?["target"] == .text("corp"))
      }
    }

    @Test
    func `L1: what fell due in three days down ends at the start, before its source has answered`()
      async throws
    {
      try await withEntra { world, graph in
        var ines = GraphRecord("a-1", of: "u-1", name: "ines")
        ines.end = Instant.fromNow(.seconds(-86_400)).description
        try await graph.hold([ines, GraphRecord("a-2", of: "u-2", name: "jon")])
        try await world.bellhop.run("apply", clock: "-3d", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
        try await graph.set(#"{"pageDelay":60}"#)
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["jon"] }
        try await until { try await world.wiki?.members("Lab").count == 1 }
        loop.signal(SIGTERM)
        #expect(try await loop.answer().code == 0)
      }
    }

    @Test func `C9: apply that is told to stop in a long reading stops`() async throws {
      try await withEntra { world, graph in
        try await graph.hold([GraphRecord("a-1", of: "u-1", name: "ines")])
        try await graph.set(#"{"pageDelay":60}"#)
        let apply = try world.bellhop.start(["apply"])
        defer { apply.signal(SIGKILL) }
        try await until { try await graph.lists() == 1 }
        apply.signal(SIGTERM)
        let told = ContinuousClock.now
        let answer = try await apply.answer()
        #expect(ContinuousClock.now - told < .seconds(30))
        #expect(answer.code == 69, "\(answer.everything)")
        #expect(try await world.members("lab") == [])
      }
    }

    @Test(arguments: ["run", "apply"])
    func `a request whose answer was sent when we died is answered once`(
      command: String
    ) async throws {
      try await withEntra { world, graph in
        try await graph.hold([GraphRecord("a-1", of: "u-1", name: "ines")])
        let request = Entra.request("r-1", "adminAdd", "a-1")
        try await graph.set(#"{"assignmentRequests":[\#(request)],"resumeDelay":60}"#)
        try world.configure(graph, more: ", poll: PT1S, interval: PT1S, callback: {}")
        let first = try world.bellhop.start([command])
        defer { first.signal(SIGKILL) }
        // Graph has taken the answer; we have not heard that it did.
        try await until { try await graph.resumes().count == 1 }
        first.signal(SIGKILL)
        _ = try await first.answer()
        try await graph.set(#"{"resumeDelay":0}"#)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await graph.resumes().count == 1)

        // Graph shows it waiting still, as a copy of its that lags behind does.
        try await graph.set(#"{"assignmentRequests":[\#(request)],"resumeStatus":400}"#)
        let lagging = try await world.bellhop.run("apply", exits: 0)
        #expect(lagging.errors.contains("request r-1 still waits"), "\(lagging.errors)")
        try await graph.set(#"{"resumeStatus":204}"#)
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await graph.resumes().count == 3)
        #expect(Set(try await graph.resumes()).count == 1, "the same words each time")
        #expect(try await world.members("lab") == ["ines"])
        try await world.bellhop.run("verify", exits: 0)
      }
    }
  }
}

extension GraphStandIn {
  /// How many times a list of assignments was begun.
  fileprivate func lists() async throws -> Int {
    try await requests().count {
      $0.path.hasSuffix("/assignments") && $0.query["$skiptoken"] == nil
    }
  }
}
