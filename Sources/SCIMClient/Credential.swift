internal import FoundationEssentials
internal import HTTPTransport
package import Secrets

/// What proves to the service who we are.
package enum Credential: Sendable {
  case bearer(Secret)
  case basic(user: String, password: Secret)

  /// Why it cannot be sent; `nil` if it can.
  package var fault: String? {
    switch self {
    case .bearer(let token):
      if token.isEmpty { return "the bearer token is empty" }
      return token.isVisibleASCII ? nil : "the bearer token holds a space or a control character"
    case .basic(let user, let password):
      if user.isEmpty || user.contains(":") { return "the user name is empty or holds a colon" }
      return password.isEmpty ? "the password is empty" : nil
    }
  }

  var field: HTTPField {
    HTTPField("Authorization", scheme + " " + text, isSensitive: true)
  }

  private var scheme: String {
    switch self {
    case .bearer: "Bearer"
    case .basic: "Basic"
    }
  }

  /// What follows the scheme; also what an answer must not be quoted with.
  var text: String {
    switch self {
    case .bearer(let token): token.withBytes { String(decoding: $0, as: UTF8.self) }
    case .basic(let user, let password):
      password.withBytes { (Data(user.utf8) + Data(":".utf8) + Data($0)).base64EncodedString() }
    }
  }
}

extension Secret {
  fileprivate var isVisibleASCII: Bool {
    withBytes { $0.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
  }
}
