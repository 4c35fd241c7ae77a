import AccessModel
import AssignmentSources
import ConnectorTesting
import Testing

@Suite struct GraphNewsTests {
  @Test func `news are the assignments of requests that moved on, and nothing else is read`()
    async throws
  {
    try await withGraphWorld(records: GraphWorld.records(3)) { world in
      let source = world.source()
      let reading = try await source.read(GraphWorld.context)
      #expect(try await source.news(since: reading) == nil)
      var records = GraphWorld.records(4)
      records[0].state = "expired"
      try await world.graph.set(#"{"assignments":\#(GraphRecord.list(records))}"#)
      #expect(
        try await source.news(since: reading) == nil, "no request, no news")
      try await world.graph.set(
        #"{"assignmentRequests":[\#(request("r-1", "a-1004")),\#(request("r-2", "a-1001", type: "adminRemove"))]}"#
      )
      let news = try #require(try await source.news(since: reading))
      #expect(news.ids == ["a-1001", "a-1002", "a-1003", "a-1004"])
      #expect(news.assignments[0].state == .expired)
      #expect(news.coverage == .complete)
      #expect(news.subjects[Int(news.assignments[3].subject)].id == SubjectID("u-1004"))
      #expect(try await source.news(since: news) == nil)
      let lists = try await world.graph.requests().filter { $0.path.hasSuffix("/assignments") }
      #expect(lists.count == 1)
    }
  }

  @Test
  func `a request that waits makes its assignment live or over, where callbacks are configured`()
    async throws
  {
    var records = GraphWorld.records(3)
    records[0].state = "delivering"
    records[1].state = "delivering"
    records[1].hasObjectID = false
    let requests = [
      request("r-1", "a-1001", waits: true), request("r-2", "a-1002", waits: true),
      request("r-3", "a-1003", type: "userRemove", waits: true),
      request("r-4", "a-1003", state: "pendingApproval", waits: true),
    ]
    try await withGraphWorld(
      #"{"assignmentRequests":[\#(requests.joined(separator: ","))]}"#, records: records
    ) { world in
      let reading = try await world.read { $0.callback = CallbackPolicy() }
      #expect(reading.waiting.map(\.id) == ["r-1", "r-2", "r-3"])
      #expect(reading.waiting.map(\.stage) == [.granted, .granted, .removed])
      #expect(reading.assignments.map(\.state) == [.delivered, .delivered])
      #expect(reading.withoutSubject == [AssignmentID("a-1002"): .delivering])
      #expect(reading.revocations == [AssignmentID("a-1003"): "removal request r-3"])
      let alone = try await world.read()
      #expect(alone.waiting.isEmpty && alone.revocations.isEmpty)
      #expect(alone.assignments.map(\.state) == [.delivering, .delivered])
    }
  }

  @Test func `an answer is sent as Graph wants it, and one that is not waited for does no harm`()
    async throws
  {
    try await withGraphWorld(
      #"{"assignmentRequests":[\#(request("r-1", "a-1001", waits: true))]}"#,
      records: GraphWorld.records(1)
    ) { world in
      let source = world.source { $0.callback = CallbackPolicy() }
      let waiting = try #require(try await source.read(GraphWorld.context).waiting.first)
      #expect(try await source.resume(waiting, detail: "provisioned"))
      #expect(try await !source.resume(waiting, detail: "provisioned"))
      #expect(try await source.read(GraphWorld.context).waiting.isEmpty)
    }
  }

  private func request(
    _ id: String, _ assignment: String, type: String = "adminAdd", state: String = "delivering",
    waits: Bool = false
  ) -> String {
    let instance =
      #"{"id":"i-\#(id)","customExtensionId":"x","status":"waitingForCallback","detail":"","externalCorrelationId":""}"#
    return """
      {"id":"\(id)","requestType":"\(type)","state":"\(state)","status":"Accepted",\
      "createdDateTime":"2026-09-21T14:13:20Z","completedDateTime":null,\
      "customExtensionCalloutInstances":[\(waits ? instance : "")],\
      "assignment":{"id":"\(assignment)","state":"delivering"}}
      """
  }
}

extension GraphSource {
  fileprivate func news(
    since reading: AssignmentReading
  ) async throws(SourceError) -> AssignmentReading? {
    try await news(GraphWorld.context, since: reading, readAt: GraphWorld.context.now)
  }
}
