internal import FoundationEssentials
package import HTTPTransport
package import Secrets

/// A token as the server gave it.
package struct IssuedToken: Sendable {
  package let value: Secret
  /// How long it is good for, counted from when it was asked for; `nil` if the server does not say.
  package let lifetime: Duration?

  package init(value: Secret, lifetime: Duration?) {
    self.value = value
    self.lifetime = lifetime
  }

  /// Reads the answer of a token endpoint (RFC 6749 §5). Throws for anything but a bearer token;
  /// the error holds the server's error code and never what was sent.
  package init(_ response: HTTPResponse, of host: String) throws(TokenError) {
    let answer: Answer?
    do { answer = try JSONDecoder().decode(Answer.self, from: Data(response.body)) } catch {
      answer = nil
    }
    guard response.status == 200 else {
      let code = answer?.error.map { " \($0.filter { $0.isLetter || $0 == "_" }.prefix(60))" } ?? ""
      throw TokenError(
        isPermanent: [400, 401, 403].contains(response.status),
        retryAfter: RetryAfter.delay(of: response),
        message: "\(host) gives no token: \(response.status)\(code)"
          + (answer?.entraCode.map(EntraCode.words(of:)) ?? ""))
    }
    guard let answer, let token = answer.accessToken, !token.isEmpty,
      token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      answer.tokenType.map({ $0.lowercased() == "bearer" }) ?? true
    else {
      throw TokenError(
        isPermanent: true, message: "\(host) answers 200 without a bearer token that can be sent")
    }
    self.init(
      value: Secret(Array(token.utf8)), lifetime: answer.lifetime.map { .seconds(max(0, $0)) })
  }

  private struct Answer: Decodable {
    let accessToken: String?
    let tokenType: String?
    let lifetime: Int64?
    let error: String?
    let entraCode: Int?

    private enum Key: String, CodingKey {
      case access_token, token_type, expires_in, error, error_codes
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      accessToken = try values.decodeIfPresent(String.self, forKey: .access_token)
      tokenType = try values.decodeIfPresent(String.self, forKey: .token_type)
      error = try values.decodeIfPresent(String.self, forKey: .error)
      entraCode = try values.decodeIfPresent([Int].self, forKey: .error_codes)?.first
      // Some servers write the number as a string.
      do { lifetime = try values.decodeIfPresent(Int64.self, forKey: .expires_in) } catch {
        lifetime = Int64(try values.decode(String.self, forKey: .expires_in))
      }
    }
  }
}
