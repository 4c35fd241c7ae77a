import GraphClient
import HTTPTransport
import JSON

/// The access packages that the application may see.
struct AccessPackageList {
  private static let path = "/identityGovernance/entitlementManagement/accessPackages"

  let service: GraphService

  /// Their ids, sorted. Throws unless the list was read to its end.
  func ids(_ budget: RetryBudget) async throws(GraphError) -> [String] {
    let url = try service.url(Self.path, query: "$select=id,displayName")
    var ids: Set<String> = []
    for package in try await service.list(url, budget) {
      guard let id = package["id"]?.text, !id.isEmpty else {
        throw GraphError(
          action: "GET \(url.path)", cause: .malformed("an access package has no id"))
      }
      ids.insert(id)
    }
    return ids.sorted()
  }
}
