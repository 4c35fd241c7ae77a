package import HTTPTransport
package import OAuth
package import Secrets

/// Tokens for the identity of the machine or application we run in, from the endpoint its cloud host
/// offers there.
package struct ManagedIdentity: TokenIssuer {
  /// Which of several identities is meant.
  package enum Identity: Equatable, Sendable {
    case only
    case clientID(String)
    case objectID(String)
    case resourceID(String)
  }

  package enum Endpoint: Sendable {
    /// A virtual machine's metadata service; the URL is without a path.
    case metadata(HTTPURL)
    /// App Service and its like: `IDENTITY_ENDPOINT` with `IDENTITY_HEADER`.
    case application(HTTPURL, header: Secret)
  }

  private let endpoint: Endpoint
  private let identity: Identity
  private let resource: String
  private let transport: any HTTPTransport

  package init(
    endpoint: Endpoint, identity: Identity, resource: String, transport: any HTTPTransport
  ) {
    self.endpoint = endpoint
    self.identity = identity
    self.resource = resource
    self.transport = transport
  }

  /// Claims cannot be passed on by these endpoints.
  package func issue(claims: String?) async throws(TokenError) -> IssuedToken {
    let request = request
    let response: HTTPResponse
    do throws(TransportError) {
      response = try await transport.send(request)
    } catch {
      throw TokenError(error, issuer: "the managed identity's endpoint")
    }
    return try IssuedToken(response, of: request.url.host)
  }

  private var request: HTTPRequest {
    switch endpoint {
    case .metadata(let url):
      let path = url.appending("metadata", "identity", "oauth2", "token")
      return HTTPRequest(
        .get, path.with(query: query(version: "2018-02-01", resourceID: "msi_res_id")),
        fields: [HTTPField("Metadata", "true")])
    case .application(let url, let header):
      return HTTPRequest(
        .get, url.with(query: query(version: "2019-08-01", resourceID: "mi_res_id")),
        fields: [
          HTTPField(
            "X-IDENTITY-HEADER", header.withBytes { String(decoding: $0, as: UTF8.self) },
            isSensitive: true)
        ])
    }
  }

  private func query(
    version: String, resourceID: String
  ) -> [(name: String, value: String)] {
    var items = [(name: "api-version", value: version), (name: "resource", value: resource)]
    switch identity {
    case .only: break
    case .clientID(let id): items.append((name: "client_id", value: id))
    case .objectID(let id): items.append((name: "object_id", value: id))
    case .resourceID(let id): items.append((name: resourceID, value: id))
    }
    return items
  }
}
