internal import FoundationEssentials
internal import HTTPTransport
package import OAuth
package import Secrets

/// What proves to the service who we are.
package enum Credential: Sendable {
  case bearer(Secret)
  case basic(user: String, password: Secret)
  /// A token that is asked for when it is needed, and again when it ends or is refused.
  case oauth(ClientCredentials)
  /// Nothing in the requests: the transport's client certificate has said it.
  case certificate

  /// Why it cannot be sent; `nil` if it can.
  package var fault: String? {
    switch self {
    case .bearer(let token):
      if token.isEmpty { return "the bearer token is empty" }
      return token.isVisibleASCII ? nil : "the bearer token holds a space or a control character"
    case .basic(let user, let password):
      if user.isEmpty || user.contains(":") { return "the user name is empty or holds a colon" }
      return password.isEmpty ? "the password is empty" : nil
    case .oauth(let client):
      if client.clientID.isEmpty { return "the client id is empty" }
      return client.tokenURL.isProtected
        ? nil : "plain http to \(client.tokenURL.host) would show the client secret"
    case .certificate: return nil
    }
  }
}

extension Secret {
  fileprivate var isVisibleASCII: Bool {
    withBytes { $0.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
  }
}
