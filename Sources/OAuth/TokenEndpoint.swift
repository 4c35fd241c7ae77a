internal import FoundationEssentials
package import HTTPTransport
internal import Secrets

/// The endpoint that gives tokens for client credentials.
package struct TokenEndpoint: TokenIssuer {
  private let credentials: ClientCredentials
  private let transport: any HTTPTransport

  package init(_ credentials: ClientCredentials, transport: any HTTPTransport) {
    self.credentials = credentials
    self.transport = transport
  }

  package func issue(claims: String?) async throws(TokenError) -> IssuedToken {
    let request = try await request(claims)
    let response: HTTPResponse
    do throws(TransportError) {
      response = try await transport.send(request)
    } catch {
      throw TokenError(error, issuer: credentials.tokenURL.host)
    }
    return try IssuedToken(response, of: credentials.tokenURL.host)
  }

  private func request(_ claims: String?) async throws(TokenError) -> HTTPRequest {
    let clientID = credentials.clientID
    var form = [(name: "grant_type", value: "client_credentials")]
    var fields = [
      HTTPField("Accept", "application/json"),
      HTTPField("Content-Type", "application/x-www-form-urlencoded"),
    ]
    switch credentials.proof {
    case .basic(let secret):
      // Both parts are encoded before they are joined (RFC 6749 §2.3.1).
      let text = PercentEncoding.encode(clientID) + ":" + PercentEncoding.encode(secret.text)
      fields.append(
        HTTPField(
          "Authorization", "Basic " + Data(text.utf8).base64EncodedString(), isSensitive: true))
    case .form(let secret):
      form += [("client_id", clientID), ("client_secret", secret.text)]
    case .assertion(let sign):
      form += [
        ("client_id", clientID),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", try await sign().text),
      ]
    }
    if let scope = credentials.scope { form.append(("scope", scope)) }
    if let claims { form.append(("claims", claims)) }
    form += credentials.parameters
    let body = form.map {
      PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value)
    }.joined(separator: "&")
    return HTTPRequest(.post, credentials.tokenURL, fields: fields, body: Array(body.utf8))
  }
}

extension Secret {
  var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
