import AccessModel
import GraphClient
import HTTPTransport

/// The requests that are under way or were made lately.
struct RequestList {
  static let path = "/identityGovernance/entitlementManagement/assignmentRequests"

  let service: GraphService

  /// Requests in the middle of delivery, among them those that wait for us.
  func delivering(_ budget: RetryBudget) async throws(GraphError) -> [AssignmentRequest] {
    try await list("state eq 'delivering'", budget)
  }

  func made(since: Instant, _ budget: RetryBudget) async throws(GraphError) -> [AssignmentRequest] {
    try await list("createdDateTime ge \(since)", budget)
  }

  private func list(
    _ filter: String, _ budget: RetryBudget
  ) async throws(GraphError) -> [AssignmentRequest] {
    let query = "$expand=assignment&$filter=\(AssignmentQuery.encoded(filter))"
    let values = try await service.list(try service.url(Self.path, query: query), budget)
    return values.compactMap { AssignmentRequest($0) }
  }
}
