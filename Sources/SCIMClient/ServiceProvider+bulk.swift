internal import HTTPTransport
internal import JSON

extension ServiceProvider {
  /// Sends operations in one request (RFC 7644 §3.7) and gives one result for each, in their order:
  /// `nil` where the answer holds none, as when the service stopped before it.
  ///
  /// The service goes on after an operation that fails: `failOnErrors` is not sent, since the
  /// operations have nothing to do with each other. None refers to another one's `bulkId`: what
  /// depends on a change is only sent once its outcome is recorded. Never repeated once it may have
  /// been acted on.
  package func bulk(
    _ operations: [BulkOperation], _ capabilities: Capabilities
  ) async throws(SCIMError) -> [BulkResult?] {
    let url = baseURL.appending("Bulk")
    let response = try await exchange(
      .post, url, body: Self.bulkBody(operations, capabilities),
      redacting: operations.flatMap(\.data.texts))
    let action = "POST \(url.path)"
    guard let answers = try json(in: response, action)["Operations"]?.elements else {
      throw SCIMError(action: action, cause: .malformed("no results of a bulk request"))
    }
    var results = [BulkResult?](repeating: nil, count: operations.count)
    for answer in answers {
      guard let place = answer["bulkId"]?.integer, results.indices.contains(place) else { continue }
      results[place] = BulkResult(answer)
    }
    return results
  }

  /// Cuts operations, in their order, into requests of at most `most` that keep to the service's
  /// limits. One that alone is too large for a request is given alone.
  package func bulkRequests(
    of operations: [BulkOperation], most: Int, _ limits: Capabilities.BulkLimits,
    _ capabilities: Capabilities
  ) -> [Range<Int>] {
    var requests: [Range<Int>] = []
    let frame = Self.bulkBody([], capabilities).encoded.count
    var (start, bytes) = (0, frame)
    for (position, operation) in operations.enumerated() {
      // One byte for the comma.
      let size = operation.json(at: position, capabilities).encoded.count + 1
      let count = position - start
      if count > 0, count == min(most, limits.operations) || bytes + size > limits.bytes {
        requests.append(start..<position)
        (start, bytes) = (position, frame)
      }
      bytes += size
    }
    if start < operations.count { requests.append(start..<operations.count) }
    return requests
  }

  /// Bytes of the request that they would make.
  package func bulkSize(of operations: [BulkOperation], _ capabilities: Capabilities) -> Int {
    Self.bulkBody(operations, capabilities).encoded.count
  }

  private static func bulkBody(
    _ operations: [BulkOperation], _ capabilities: Capabilities
  ) -> JSONValue {
    [
      "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      "Operations": .array(
        operations.enumerated().map { $1.json(at: $0, capabilities) }),
    ]
  }
}
