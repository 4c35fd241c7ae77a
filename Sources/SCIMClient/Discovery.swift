internal import HTTPTransport
package import JSON

/// The discovery documents of a service (RFC 7644 §4), as it gave them, and when it did.
package struct Discovery: Sendable, Equatable {
  fileprivate static let endpoints = ["ServiceProviderConfig", "ResourceTypes", "Schemas"]

  /// By endpoint; without what the service does not give.
  private var documents: [String: JSONValue]
  /// By the service's own clock, in seconds since 1970; `nil` if it gives no time.
  package let time: Int64?

  fileprivate init(documents: [String: JSONValue], time: Int64?) {
    (self.documents, self.time) = (documents, time)
  }

  /// `nil` for what is no discovery.
  package init?(_ json: JSONValue) {
    guard case .object(let documents)? = json["documents"] else { return nil }
    self.init(documents: documents, time: json["time"]?.integer.map(Int64.init))
  }

  package var json: JSONValue {
    var members: [String: JSONValue] = ["documents": .object(documents)]
    members["time"] = time.map { .number("\($0)") }
    return .object(members)
  }

  fileprivate func capabilities(basePath: String) -> Capabilities {
    var capabilities = Capabilities()
    if let config = documents["ServiceProviderConfig"] {
      capabilities.read(serviceProviderConfig: config)
    }
    if let types = documents["ResourceTypes"] {
      capabilities.read(resourceTypes: types, basePath: basePath)
    }
    if let schemas = documents["Schemas"] { capabilities.read(schemas: schemas) }
    return capabilities
  }
}

extension ServiceProvider {
  /// What the service says it can do. What is missing or odd leaves the usual value.
  package func capabilities(_ discovery: Discovery) -> Capabilities {
    discovery.capabilities(basePath: baseURL.path)
  }

  /// Asks the three discovery endpoints. Throws only if the service cannot be reached, or is closed
  /// to us.
  package func discovery() async throws(SCIMError) -> Discovery {
    var documents: [String: JSONValue] = [:]
    for endpoint in Discovery.endpoints { documents[endpoint] = try await discovered(endpoint) }
    return Discovery(documents: documents, time: serverTime)
  }

  package func discover() async throws(SCIMError) -> Capabilities {
    capabilities(try await discovery())
  }

  private func discovered(_ endpoint: String) async throws(SCIMError) -> JSONValue? {
    do throws(SCIMError) {
      let url = baseURL.appending(endpoint)
      return try json(in: try await exchange(.get, url), "GET \(url.path)")
    } catch {
      switch error.cause {
      case .answer, .malformed: return nil
      case .transport, .closed, .throttled, .token: throw error
      }
    }
  }
}
