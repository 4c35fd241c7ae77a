package import HTTPTransport

/// Where new tokens come from: a token endpoint, a metadata service, a file.
package protocol TokenIssuer: Sendable {
  /// Asks once, and gives up at the first failure: the cache decides when to ask again.
  ///
  /// `claims` are those that a service demanded of the next token, as JSON.
  func issue(claims: String?) async throws(TokenError) -> IssuedToken
}

extension TokenIssuer {
  package func issue() async throws(TokenError) -> IssuedToken { try await issue(claims: nil) }
}

/// No token could be had.
package struct TokenError: Error, Sendable, CustomStringConvertible {
  /// Asking again cannot help: the client or its proof is refused.
  package let isPermanent: Bool
  /// When the server says that asking again is welcome.
  package let retryAfter: Duration?
  /// Object, act, measured. No secret.
  package let message: String

  package init(isPermanent: Bool, retryAfter: Duration? = nil, message: String) {
    self.isPermanent = isPermanent
    self.retryAfter = retryAfter
    self.message = message
  }

  /// The request got no answer; `issuer` is what was asked.
  package init(_ error: TransportError, issuer: String) {
    self.init(
      isPermanent: [.refused, .insecure].contains(error.kind),
      message: "\(issuer) gives no token: \(error)")
  }

  package var description: String { message }
}
