package import HTTPTransport
package import Secrets

/// The client credentials grant (RFC 6749 §4.4): who asks, where, and for what.
package struct ClientCredentials: Sendable {
  /// How the client proves who it is (RFC 6749 §2.3, RFC 7523 §2.2).
  package enum Proof: Sendable {
    /// The secret in an `Authorization: Basic` header, which every server has to support.
    case basic(Secret)
    /// The secret in the form.
    case form(Secret)
    /// A signed assertion, made anew for each request and good for the token endpoint only.
    case assertion(@Sendable () async throws(TokenError) -> Secret)
  }

  package var tokenURL: HTTPURL
  package var clientID: String
  package var proof: Proof
  package var scope: String?
  /// What some servers ask for besides, such as `audience` or `account_id`.
  package var parameters: [(name: String, value: String)] = []

  package init(
    tokenURL: HTTPURL, clientID: String, proof: Proof, scope: String? = nil
  ) {
    self.tokenURL = tokenURL
    self.clientID = clientID
    self.proof = proof
    self.scope = scope
  }
}
