internal import FoundationEssentials
internal import JSON
package import Signing

/// Proof that we hold a private key: a JWT (RFC 7519) made for one token request (RFC 7523 §2.2), with
/// the certificate named as Microsoft Entra asks.
package struct ClientAssertion: Sendable {
  private let key: SigningKey
  private let algorithm: SigningKey.Algorithm
  private let lifetime: Int64 = 600

  package init(key: SigningKey, algorithm: SigningKey.Algorithm) {
    self.key = key
    self.algorithm = algorithm
  }

  /// `now` is in seconds since 1970.
  package func text(
    audience: String, clientID: String, now: Int64
  ) throws(SigningError) -> String {
    let header: JSONValue = [
      "alg": .string(algorithm.rawValue), "typ": "JWT",
      algorithm == .ps256 ? "x5t#S256" : "x5t": .string(Self.encode(key.fingerprint(algorithm))),
    ]
    let claims: JSONValue = [
      "aud": .string(audience), "iss": .string(clientID), "sub": .string(clientID),
      "jti": .string(UUID().uuidString.lowercased()), "iat": .number("\(now)"),
      "nbf": .number("\(now)"), "exp": .number("\(now + lifetime)"),
    ]
    let signed = Self.encode(header.encoded) + "." + Self.encode(claims.encoded)
    return signed + "." + Self.encode(try key.sign(Array(signed.utf8), algorithm))
  }

  /// Base64 with the URL alphabet and without padding (RFC 7515 §2).
  private static func encode(_ bytes: [UInt8]) -> String {
    String(
      Data(bytes).base64EncodedString().compactMap { character -> Character? in
        switch character {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: character
        }
      })
  }
}
