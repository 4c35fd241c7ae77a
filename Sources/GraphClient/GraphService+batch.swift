internal import HTTPTransport
package import JSON

extension GraphService {
  /// Graph takes no more requests in one batch.
  package static let batchSize = 20

  /// What became of one request of a batch.
  package enum BatchAnswer: Sendable {
    case found(JSONValue)
    case refused(Refusal)
  }

  /// Reads up to `batchSize` resources, by their paths below `/v1.0`, in one request, and those that
  /// were throttled or failed alone again. One answer for each path, in their order. Throws if the
  /// batch itself is refused, or anything is still busy when the budget ends.
  package func read(
    _ paths: [String], _ budget: RetryBudget
  ) async throws(GraphError) -> [BatchAnswer] {
    var answers = [BatchAnswer?](repeating: nil, count: paths.count)
    let url = try url("/$batch")
    var open = Array(paths.indices)
    var attempt = 1
    while !open.isEmpty {
      let requests = open.map { index -> JSONValue in
        ["id": .string("\(index)"), "method": "GET", "url": .string(paths[index])]
      }
      let response = try await post(url, ["requests": .array(requests)], budget)
      let body = try Self.json(response, action: "POST \(url.path)")
      let batch = try parts(of: body, asked: Set(open), action: "POST \(url.path)")
      var busy: (refusal: Refusal, pause: Duration?)?
      for (index, part) in batch {
        if 200..<300 ~= part.status, let body = part.body {
          answers[index] = .found(body)
        } else if [429, 500, 502, 503, 504].contains(part.status) {
          let refusal = Refusal(status: part.status, body: part.body)
          busy = (refusal, [busy?.pause, part.retryAfter].compactMap(\.self).max())
        } else {
          answers[index] = .refused(Refusal(status: part.status, body: part.body))
        }
      }
      open.removeAll { answers[$0] != nil }
      if let busy {
        let error = GraphError(
          action: "POST \(url.path)",
          cause: .busy(busy.refusal, asked: busy.pause, budget: budget.total))
        try await rest(before: attempt, asked: busy.pause, budget, error)
        attempt += 1
      }
    }
    return answers.compactMap(\.self)
  }

  private struct Part {
    let status: Int
    let body: JSONValue?
    let retryAfter: Duration?
  }

  /// In any order, each one once, and all of them.
  private func parts(
    of body: JSONValue, asked: Set<Int>, action: String
  ) throws(GraphError) -> [(Int, Part)] {
    var parts: [(Int, Part)] = []
    var left = asked
    for answer in body["responses"]?.elements ?? [] {
      guard let index = answer["id"]?.integer, left.remove(index) != nil,
        let status = answer["status"]?.integer
      else {
        throw GraphError(
          action: action, cause: .malformed("an answer in the batch is of no request in it"))
      }
      let after = answer["headers"]?["Retry-After"]?.integer
      parts.append(
        (
          index,
          Part(
            status: status, body: answer["body"],
            retryAfter: after.map { .seconds(min(max($0, 0), 86_400)) })
        ))
    }
    guard left.isEmpty else {
      throw GraphError(
        action: action, cause: .malformed("\(left.count) request(s) of the batch got no answer"))
    }
    return parts
  }
}
