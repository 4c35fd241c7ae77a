import AccessModel
import AssignmentSources
import ConnectorTesting
import Foundation
import Testing

@Suite struct GraphSubjectsTests {
  @Test(arguments: [GraphSource.Settings.Users.batch, .delta, .auto])
  func `subjects get the attributes that mappings name and their assignments lack`(
    users: GraphSource.Settings.Users
  ) async throws {
    try await withGraphWorld(world(50), records: GraphWorld.records(50)) { world in
      let reading = try await world.read {
        $0.users = users
        $0.attributes = ["email", "department", "employeeOrgData.division", "otherMails"]
      }
      #expect(reading.coverage == .complete && reading.remarks.isEmpty)
      for subject in reading.subjects {
        #expect(subject.attributes["department"] == ["Build"])
        #expect(subject.attributes["employeeOrgData.division"] == ["North"])
        #expect(subject.attributes["otherMails"] == ["a@x.example", "b@x.example"])
        #expect(subject.attributes["email"].count == 1)
      }
      #expect(reading.revocations == [:])
      let log = try await world.graph.requests()
      let batches = log.filter { $0.path.hasSuffix("$batch") }
      #expect(batches.count == (users == .delta ? 0 : 3))
    }
  }

  @Test(arguments: [GraphSource.Settings.Users.batch, .delta])
  func `who is blocked or gone is revoked, with that as evidence`(
    users: GraphSource.Settings.Users
  ) async throws {
    var records = GraphWorld.records(5)
    records[4].state = "expired"
    try await withGraphWorld(world(5, but: [2: "blocked", 3: "gone", 5: "gone"]), records: records)
    {
      world in
      let reading = try await world.read { $0.users = users }
      #expect(
        reading.revocations == [
          AssignmentID("a-1002"): "subject blocked in Entra (accountEnabled false)",
          AssignmentID("a-1003"): "subject deleted in Entra",
        ])
      #expect(reading.coverage == .complete)
    }
  }

  @Test func `changes are followed from the link that was kept, across restarts`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bellhop-users-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { do { try FileManager.default.removeItem(at: folder) } catch {} }
    let cache = folder.appending(path: "users.jsonl").path
    try await withGraphWorld(world(5), records: GraphWorld.records(5)) { world in
      func read() async throws -> AssignmentReading {
        try await world.source(cachePath: cache) {
          $0.users = .delta
          $0.attributes = ["department"]
        }.read(GraphWorld.context)
      }
      _ = try await read()
      let mode = try FileManager.default.attributesOfItem(atPath: cache)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      try await world.graph.set(self.world(5, but: [1: "blocked", 2: "gone"]))
      let reading = try await read()
      #expect(reading.revocations.keys.map(\.rawValue).sorted() == ["a-1001", "a-1002"])
      #expect(reading.subjects[3].attributes["department"] == ["Build"])
      let rounds = try await world.graph.requests().filter { $0.path.contains("delta") }
      #expect(rounds.map { $0.query["$deltatoken"] != nil } == [false, true])
      // A round that cannot be continued begins anew.
      try await world.graph.set(#"{"deltaTokenIsStale":true}"#)
      let anew = try await read()
      #expect(anew.revocations.keys.map(\.rawValue).sorted() == ["a-1001", "a-1002"])
    }
  }

  @Test func `a throttled part of a batch is asked again, and alone`() async throws {
    let fault =
      #"{"path":"batch:/v1.0/users/u-1002","times":1,"status":429,"headers":{"Retry-After":"4"}}"#
    try await withGraphWorld(
      world(3, more: #","faults":[\#(fault)]"#), records: GraphWorld.records(3)
    ) {
      world in
      let reading = try await world.read { $0.users = .batch }
      #expect(reading.revocations == [:] && reading.remarks == [])
      #expect(world.clock.slept == [.seconds(4)])
      let batches = try await world.graph.requests().filter { $0.path.hasSuffix("$batch") }
      #expect(batches.map { $0.body.components(separatedBy: "\"method\"").count - 1 } == [3, 1])
    }
  }

  @Test func `without leave to read users the check is told to be lacking, or subjects are held`()
    async throws
  {
    try await withGraphWorld(#"{"refusesUsers":true}"#, records: GraphWorld.records(3)) { world in
      let reading = try await world.read { $0.users = .auto }
      #expect(reading.coverage == .complete && reading.ids.count == 3)
      #expect(reading.remarks.first?.contains("User.Read.All") == true)
      let held = try await world.read {
        $0.users = .auto
        $0.attributes = ["department"]
      }
      #expect(held.ids.isEmpty && !held.coverage.isComplete)
      #expect(held.undecodable.first?.field == "department")
    }
  }

  @Test func `where no user can be found at all, nobody is taken for deleted`() async throws {
    try await withGraphWorld(records: GraphWorld.records(3)) { world in
      let reading = try await world.read { $0.users = .batch }
      #expect(reading.revocations == [:])
      #expect(reading.remarks.first?.contains("nobody is taken for deleted") == true)
    }
  }

  private func world(_ count: Int, but others: [Int: String] = [:], more: String = "") -> String {
    let users = (1...count).filter { others[$0] != "gone" }.map { number in
      """
      {"id":"u-\(1000 + number)","accountEnabled":\(others[number] != "blocked"),\
      "department":"Build","employeeOrgData":{"division":"North"},\
      "otherMails":["a@x.example","b@x.example"]}
      """
    }
    return #"{"users":[\#(users.joined(separator: ","))]\#(more)}"#
  }
}
