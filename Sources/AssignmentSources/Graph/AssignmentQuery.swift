internal import AccessModel
internal import GraphClient
internal import HTTPTransport

/// The query options of a request for assignments.
struct AssignmentQuery {
  static let path = "/identityGovernance/entitlementManagement/assignments"

  let settings: GraphSource.Settings
  var package: String?
  var state: AssignmentState?
  var counts = false

  func url(_ service: GraphService) throws(GraphError) -> HTTPURL {
    var options = ["$expand=\(expand)"]
    if let filter { options.append("$filter=\(Self.encoded(filter))") }
    if counts { options.append("$count=true") }
    return try service.url(Self.path, query: options.joined(separator: "&"))
  }

  /// Of one assignment, below the version: as batches name it.
  func path(of id: AssignmentID) -> String {
    "\(Self.path)/\(PercentEncoding.encode(id.rawValue))?$expand=\(expand)"
  }

  private var expand: String {
    let target = settings.readsOrganizations ? "target($expand=connectedOrganization)" : "target"
    let package = settings.readsCatalogs ? "accessPackage($expand=catalog)" : "accessPackage"
    return "\(target),\(package),assignmentPolicy"
  }

  /// `and` and `eq` are all that Graph documents here.
  private var filter: String? {
    var conditions: [String] = []
    if let package { conditions.append("accessPackage/id eq \(Self.quoted(package))") }
    if let state { conditions.append("state eq '\(state.rawValue)'") }
    return conditions.isEmpty ? nil : conditions.joined(separator: " and ")
  }

  static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''") + "'"
  }

  /// Escapes what would end the value; the rest stays legible.
  static func encoded(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).enumerated().map { index, part in
      index % 2 == 1
        ? PercentEncoding.encode(String(part)) : String(part.replacing(" ", with: "%20"))
    }.joined(separator: "'")
  }
}
