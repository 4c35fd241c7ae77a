internal import HTTPTransport
internal import JSON

/// What a service says it can do (RFC 7643 §5, §6). It says which way to try first; what it then
/// answers counts for more.
package struct Capabilities: Sendable, Equatable {
  package var canPatch = true
  package var canFilter = true
  /// Whether `If-Match` means anything.
  package var hasVersions = false
  /// Resources on one page; at least 1.
  package var pageSize = 100
  package var paging = Paging.index
  /// `nil` if the service takes no bulk requests (RFC 7644 §3.7).
  package var bulk: BulkLimits?
  private var endpoints: [String: [String]] = [:]
  /// `nil` if the service does not say.
  package var userSchema: UserSchema?
  /// Whether a group's member must come with a `$ref`.
  package var membersNeedReference = false

  package init() {}

  package enum Paging: String, Sendable, Equatable, CaseIterable {
    /// `startIndex` and `count` (RFC 7644 §3.4.2.4).
    case index
    /// `cursor` and `count` (RFC 9865).
    case cursor
    /// Everything comes at once.
    case none
  }

  package struct BulkLimits: Sendable, Equatable {
    package let operations: Int
    package let bytes: Int

    package init(operations: Int, bytes: Int) {
      self.operations = operations
      self.bytes = bytes
    }
  }

  /// Path segments below the base URL.
  func endpoint(of type: ResourceType) -> [String] {
    endpoints[type.rawValue] ?? [type.usualEndpoint]
  }

  mutating func read(serviceProviderConfig config: JSONValue) {
    canPatch = config["patch"]?["supported"]?.boolean ?? canPatch
    canFilter = config["filter"]?["supported"]?.boolean ?? canFilter
    hasVersions = config["etag"]?["supported"]?.boolean ?? hasVersions
    if let most = config["filter"]?["maxResults"]?.integer, most > 0 {
      pageSize = min(pageSize, most)
    }
    let pages = config["pagination"]
    if pages?["cursor"]?.boolean == true, pages?["index"]?.boolean != true { paging = .cursor }
    if let most = pages?["maxPageSize"]?.integer, most > 0 { pageSize = min(pageSize, most) }
    if config["bulk"]?["supported"]?.boolean == true,
      let operations = config["bulk"]?["maxOperations"]?.integer,
      let bytes = config["bulk"]?["maxPayloadSize"]?.integer, operations > 1, bytes > 0
    {
      bulk = BulkLimits(operations: operations, bytes: bytes)
    }
  }

  /// Endpoints are relative to the base URL, but some services give them from the root of the host.
  mutating func read(resourceTypes list: JSONValue, basePath: String) {
    let base = basePath.split(separator: "/")
    for type in Self.resources(in: list) {
      guard let name = type["name"]?.text ?? type["id"]?.text,
        let endpoint = type["endpoint"]?.text,
        !endpoint.contains(":"), !endpoint.contains("..")
      else { continue }
      var segments = endpoint.split(separator: "/")
      if segments.starts(with: base) { segments.removeFirst(base.count) }
      if !segments.isEmpty { endpoints[name] = segments.map(String.init) }
    }
  }

  mutating func read(schemas list: JSONValue) {
    let schemas = Self.resources(in: list)
    userSchema = UserSchema(schemas: schemas)
    let group = schemas.first {
      $0["id"]?.text?.lowercased() == ResourceType.group.schema.lowercased()
    }
    let members = group?["attributes"]?.elements?.first { $0["name"]?.text == "members" }
    let reference = members?["subAttributes"]?.elements?.first { $0["name"]?.text == "$ref" }
    membersNeedReference = reference?["required"]?.boolean == true
  }

  /// Of a ListResponse, or of a bare array, which some services give.
  private static func resources(in list: JSONValue) -> [JSONValue] {
    list["Resources"]?.elements ?? list.elements ?? []
  }
}
