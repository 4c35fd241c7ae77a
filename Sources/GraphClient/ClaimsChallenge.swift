internal import FoundationEssentials
internal import HTTPTransport

/// The claims that a service demands of the next token (continuous access evaluation): the parameter
/// `claims` of a `WWW-Authenticate` header, base64 of a JSON object.
enum ClaimsChallenge {
  static func claims(in response: HTTPResponse) -> String? {
    for field in response.fields where field.name.lowercased() == "www-authenticate" {
      guard let start = field.value.firstRange(of: "claims=\"") else { continue }
      let encoded = field.value[start.upperBound...].prefix { $0 != "\"" }
      if let claims = decoded(encoded) { return claims }
    }
    return nil
  }

  /// Either alphabet, padded or not.
  private static func decoded(_ encoded: Substring) -> String? {
    var text = encoded.replacing("-", with: "+").replacing("_", with: "/")
    while text.utf8.count % 4 != 0 { text += "=" }
    guard let bytes = Data(base64Encoded: String(text)),
      let claims = String(validating: bytes, as: UTF8.self), claims.hasPrefix("{")
    else { return nil }
    return claims
  }
}
