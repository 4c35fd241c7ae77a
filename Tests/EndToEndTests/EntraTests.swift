import AccessModel
import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

extension EndToEnd {
  /// Microsoft Graph as the source of a directory and a SCIM service.
  @Suite struct Entra {
    @Test func `what Graph lists goes to every target, and an end is kept while Graph is down`()
      async throws
    {
      try await withEntra { world, graph in
        var ines = GraphRecord("a-1", of: "u-1", name: "ines")
        let end = Instant.fromNow(.seconds(8))
        ines.end = end.description
        try await graph.hold([ines, GraphRecord("a-2", of: "u-2", name: "jon")])
        try await world.bellhop.run("apply", exits: 0)
        try #require(.wallClock < end, "this machine took more than 8 s for the first apply")
        #expect(try await world.members("lab") == ["ines", "jon"])
        #expect(try await world.wiki?.members("Lab").count == 2)
        try await graph.set(#"{"down":503}"#)
        try await end.hasCome()
        try await world.bellhop.run("apply", exits: 69)
        #expect(try await world.members("lab") == ["jon"])
        #expect(try await world.wiki?.members("Lab").count == 1)
      }
    }

    @Test
    func `R3: what a paged source lacks goes after two readings ten minutes apart, not before`()
      async throws
    {
      try await withEntra { world, graph in
        try await graph.hold((1...10).map { GraphRecord("a-\($0)", of: "u-\($0)", name: "g\($0)") })
        try await world.bellhop.run("apply", exits: 0)
        try await graph.hold((1...9).map { GraphRecord("a-\($0)", of: "u-\($0)", name: "g\($0)") })
        try await world.bellhop.run("apply", exits: 4)
        try await world.bellhop.run("apply", exits: 4)
        #expect(try await world.members("lab").count == 10)
        // The same, with readings that may be two seconds apart.
        try world.configure(graph, more: ", absentAfter: PT2S")
        try await Task.sleep(for: .seconds(2))
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 9)
      }
    }

    @Test(arguments: [
      (#"{"assignments":[]}"#, "", 3, "held"),
      (
        #"{"pageSize":4,"faults":[{"path":"assignments","after":1,"times":99,"status":500}]}"#, "",
        4, "page 2"
      ),
      (#"{"pageSize":4,"linkHosts":{"1":"http://127.0.0.1:PORT"}}"#, "", 4, "gets no token"),
      (#"{"pageSize":4,"countLie":3}"#, "", 4, "counts 13"),
      (#"{"pageSize":2,"tokenUses":2}"#, "", 0, ""),
    ])
    func `R2: what Graph does not list to its end removes nothing`(
      world fault: String, more: String, code: Int32, words: String
    ) async throws {
      try await withEntra { world, graph in
        try await withGraph { other in
          try await graph.hold(
            (1...10).map { GraphRecord("a-\($0)", of: "u-\($0)", name: "g\($0)") })
          try world.configure(graph, more: ", absentAfter: PT0S")
          try await world.bellhop.run("apply", exits: 0)
          try await graph.set(fault.replacing("PORT", with: "\(other.url.port)"))
          let answer = try await world.bellhop.run("apply", exits: code)
          #expect(words.isEmpty || answer.everything.contains(words), "\(answer.everything)")
          #expect(try await world.members("lab").count == 10)
          #expect(try await other.requests().isEmpty)
        }
      }
    }

    @Test func `subjects who are blocked or deleted in Entra lose their access at once`()
      async throws
    {
      try await withEntra { world, graph in
        try await graph.hold((1...3).map { GraphRecord("a-\($0)", of: "u-\($0)", name: "g\($0)") })
        try world.configure(graph, more: ", users: batch")
        try await graph.set(
          #"{"users":[{"id":"u-1","accountEnabled":true},{"id":"u-2","accountEnabled":true},{"id":"u-3","accountEnabled":true}]}"#
        )
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["g1", "g2", "g3"])
        try await graph.set(
          #"{"users":[{"id":"u-1","accountEnabled":true},{"id":"u-2","accountEnabled":false}]}"#)
        let answer = try await world.bellhop.run("apply", exits: 0)
        #expect(answer.everything.contains("subject blocked in Entra"))
        #expect(answer.everything.contains("subject deleted in Entra"))
        #expect(try await world.members("lab") == ["g1"])
        try await graph.set(#"{"users":[]}"#)
        try await world.bellhop.run("apply", exits: 4)
        #expect(
          try await world.members("lab") == ["g1"], "where nobody is found, nobody is deleted")
      }
    }

    @Test func `the loop provisions a new grant within one poll and lets its request go on`()
      async throws
    {
      try await withEntra { world, graph in
        try await graph.hold([GraphRecord("a-1", of: "u-1", name: "ines")])
        try world.configure(graph, more: ", poll: PT1S, interval: PT1H, callback: {}")
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines"] }

        var jon = GraphRecord("a-2", of: "u-2", name: "jon")
        jon.state = "delivering"
        try await graph.hold([GraphRecord("a-1", of: "u-1", name: "ines"), jon])
        try await graph.wait(for: Entra.request("r-1", "adminAdd", "a-2"))
        let asked = Instant.wallClock
        try await until { try await world.members("lab") == ["ines", "jon"] }
        #expect(Instant.wallClock.since(asked) < .seconds(60))
        try await until { try await graph.resumes().count == 1 }
        #expect(try await graph.resumes()[0].contains("provisioned: corp cn=lab"))
        #expect(try await world.wiki?.members("Lab").count == 2)

        try await graph.wait(for: Entra.request("r-2", "userRemove", "a-2"))
        try await until { try await world.members("lab") == ["ines"] }
        try await until { try await graph.resumes().count == 2 }
        #expect(try await graph.resumes()[1].contains("removed: corp cn=lab"))
        loop.signal(SIGTERM)
        let answer = try await loop.answer()
        #expect(answer.code == 0, "\(answer.errors)")
      }
    }

    @Test func `a request whose access is not there waits on, or goes on as failed`() async throws {
      try await withEntra { world, graph in
        var lost = GraphRecord("a-1", of: "u-1", name: "ines")
        lost.package = "Nowhere"
        try await graph.hold([lost])
        try await graph.wait(for: Entra.request("r-1", "adminAdd", "a-1"))
        try world.configure(graph, more: ", callback: {}")
        let waits = try await world.bellhop.run("apply", exits: 0)
        #expect(waits.errors.contains("request r-1 still waits: no mapping names access package"))
        #expect(try await graph.resumes().isEmpty)
        try world.configure(graph, more: ", callback: { onFailure: resume, failAfter: PT1S }")
        try await Task.sleep(for: .seconds(1))
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await graph.resumes().count == 1)
        #expect(try await graph.resumes()[0].contains("failed: no mapping names"))
      }
    }

    @Test func `doctor names what an administrator of the tenant must do`() async throws {
      try await withEntra { world, graph in
        try world.configure(graph, more: ", users: auto")
        let fine = try await world.bellhop.run("doctor", "entra", exits: 0)
        for topic in ["token", "clock", "assignments", "users", "requests"] {
          #expect(fine.output.contains("ok       \(topic)"), "\(fine.output)")
        }
        try await graph.set(#"{"clientSecret":"another"}"#)
        let closed = try await world.bellhop.run("doctor", "entra", exits: 4)
        #expect(closed.output.contains("FAULT    token: 127.0.0.1 gives no token"))
        #expect(closed.output.contains("the client secret is wrong"))
      }
    }

    static func request(_ id: String, _ type: String, _ assignment: String) -> String {
      """
      {"id":"\(id)","requestType":"\(type)","state":"delivering","status":"WaitingForCallback",\
      "createdDateTime":"\(Instant.wallClock)","completedDateTime":null,\
      "customExtensionCalloutInstances":[{"id":"i-\(id)","customExtensionId":"x-1",\
      "status":"waitingForCallback","detail":"","externalCorrelationId":""}],\
      "assignment":{"id":"\(assignment)","state":"delivering"}}
      """
    }
  }
}

func withEntra(_ body: (World, GraphStandIn) async throws -> Void) async throws {
  try await withGraph { graph in
    try await withWorld(wiki: true) { world in
      try world.bellhop.write("open sesame", to: "entra.secret", mode: 0o600)
      let file = "mappings/guests.yaml"
      let mapping = try String(contentsOfFile: world.bellhop.path(file), encoding: .utf8)
      try world.bellhop.write(
        mapping.replacing("'[login]'", with: "'[displayName]'"), to: file)
      try world.configure(graph)
      try await body(world, graph)
    }
  }
}

extension World {
  func configure(_ graph: GraphStandIn, more: String = ", users: none") throws {
    let users = more.contains("users:") ? "" : ", users: none"
    try bellhop.write(
      """
      version: 1
      state: state
      mappings: mappings
      sources:
        entra: { kind: graph, tenant: contoso, clientID: bellhop, loginURL: "\(graph.url)", \
      graphURL: "\(graph.url)", credential: { clientSecret: { file: entra.secret } }\
      \(users)\(more) }
      targets:
        corp: \(directoryTarget())
        wiki: \(wikiTarget(wiki?.server.url.description ?? ""))

      """, to: "bellhop.yaml")
  }
}

extension GraphStandIn {
  func hold(_ records: [GraphRecord]) async throws {
    try await set("{\"assignments\":\(GraphRecord.list(records))}")
  }

  /// Shows one request that waits.
  func wait(for request: String) async throws {
    try await set("{\"assignmentRequests\":[\(request)]}")
  }

  /// The bodies of the answers to waiting requests.
  func resumes() async throws -> [String] {
    try await requests().filter { $0.path.hasSuffix("/resume") }.map(\.body)
  }
}
