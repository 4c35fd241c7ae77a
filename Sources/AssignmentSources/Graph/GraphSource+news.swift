package import AccessModel
import GraphClient
import HTTPTransport
import JSON

extension GraphSource: NewsSource {
  /// How far back requests are looked at: clocks differ, and polls fail.
  private static let window = Duration.seconds(900)

  package var newsInterval: Duration? { settings.poll }

  /// Looks at requests, which are few, and reads the assignments of those that moved on.
  package func news(
    _ context: RunContext, since reading: AssignmentReading, readAt: Instant
  ) async throws(SourceError) -> AssignmentReading? {
    let budget = RetryBudget(min(settings.patience, .seconds(10)))
    var hearing = memory.heard
    var since = context.now.adding(.zero - Self.window)
    if hearing.base != readAt { since = min(since, readAt.adding(.seconds(-60))) }
    do throws(GraphError) {
      let list = RequestList(service: service)
      var requests: [String: AssignmentRequest] = [:]
      let recent = try await list.made(since: since, budget)
      for request in try await recent + list.delivering(budget) { requests[request.id] = request }
      let moved = hearing.note(requests, base: readAt)
      var updated = try await reread(moved, of: reading, context, budget)
      memory.keep(hearing)
      if settings.callback != nil {
        updated = updated.heeding(waiting(in: requests.values))
      }
      return updated.saysTheSame(as: reading) ? nil : updated
    } catch {
      throw sourceError(error)
    }
  }

  /// The requests that wait for us.
  func waitingRequests(_ budget: RetryBudget) async throws(GraphError) -> [WaitingRequest] {
    waiting(in: try await RequestList(service: service).delivering(budget))
  }

  private func waiting(in requests: some Sequence<AssignmentRequest>) -> [WaitingRequest] {
    requests.flatMap { $0.waiting(at: id) }.sorted { ($0.id, $0.instance) < ($1.id, $1.instance) }
  }

  private func reread(
    _ asked: Set<AssignmentID>, of reading: AssignmentReading, _ context: RunContext,
    _ budget: RetryBudget
  ) async throws(GraphError) -> AssignmentReading {
    guard !asked.isEmpty else { return reading }
    let ids = asked.sorted()
    let query = AssignmentQuery(settings: settings)
    var found: [JSONValue] = []
    var known: Set<AssignmentID> = []
    for start in stride(from: 0, to: ids.count, by: GraphService.batchSize) {
      let part = Array(ids[start..<min(start + GraphService.batchSize, ids.count)])
      let answers = try await service.read(part.map { query.path(of: $0) }, budget)
      for (id, answer) in zip(part, answers) {
        // One that is not there proves nothing: the next reading of everything tells.
        guard case .found(let value) = answer else { continue }
        found.append(value)
        known.insert(id)
      }
    }
    var decoder = GraphListDecoder(source: id, document: "news", places: .records)
    do throws(InputFault) {
      _ = try decoder.read(ByteInput(JSONValue.array(found).encoded))
    } catch {
      throw GraphError(action: "GET assignments", cause: .malformed(error.words))
    }
    let newer: AssignmentReading
    do throws(SourceError) {
      newer = try await completed(decoder.finish(.complete), budget)
    } catch {
      throw GraphError(action: "GET users", cause: .cancelled)
    }
    return reading.updated(with: newer, asked: known)
  }
}

extension GraphSource: CallbackSource {
  package var callbackPolicy: CallbackPolicy? { settings.callback }

  package func resume(
    _ request: WaitingRequest, detail: String
  ) async throws(SourceError) -> Bool {
    let body: JSONValue = [
      "source": "bellhop",
      "type": .string(
        "microsoft.graph.accessPackageCustomExtensionStage.\(request.stage.rawValue)"),
      "data": [
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCallbackData",
        "stage": .string(request.stage.rawValue),
        "customExtensionStageInstanceId": .string(request.instance),
        "customExtensionStageInstanceDetail": .string(detail),
      ],
    ]
    let path = "\(RequestList.path)/\(PercentEncoding.encode(request.id))"
    let budget = RetryBudget(.seconds(30))
    do throws(GraphError) {
      _ = try await service.post(try service.url(path + "/resume"), body, budget)
      return true
    } catch {
      // Whoever answered before us, or an answer of ours that got lost: then it does not wait.
      guard try await !stillWaits(request, path, budget) else { throw sourceError(error) }
      return false
    }
  }

  private func stillWaits(
    _ request: WaitingRequest, _ path: String, _ budget: RetryBudget
  ) async throws(SourceError) -> Bool {
    do throws(GraphError) {
      let value = try await service.object(
        try service.url(path, query: "$expand=assignment"), budget)
      return AssignmentRequest(value)?.waits.contains(request.instance) ?? true
    } catch {
      if error.status == 404 { return false }
      throw sourceError(error)
    }
  }
}

extension AssignmentReading {
  /// With what the requests that wait for us tell of their assignments: one that was granted is
  /// delivered as soon as its subject exists, since nothing but we are missing, and one that is removed
  /// is over.
  func heeding(_ requests: [WaitingRequest]) -> AssignmentReading {
    var revocations = revocations
    var granted: Set<AssignmentID> = []
    for request in requests {
      switch request.stage {
      case .granted: granted.insert(request.assignment)
      case .removed: revocations[request.assignment] = "removal request \(request.id)"
      }
    }
    var assignments = assignments
    for index in assignments.indices {
      let assignment = assignments[index]
      guard assignment.state == .delivering, granted.contains(assignment.id) else { continue }
      assignments[index] = Assignment(
        id: assignment.id, subject: assignment.subject, package: assignment.package,
        state: .delivered, validity: assignment.validity)
    }
    return copy(assignments: assignments, revocations: revocations, waiting: requests)
  }
}
