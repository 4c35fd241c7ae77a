internal import HTTPTransport
internal import JSON

/// A request to Graph that did not succeed. Holds no token and no attribute's value.
package struct GraphError: Error, Equatable, Sendable {
  package enum Cause: Equatable, Sendable {
    /// No token, in the words of whoever does not give one.
    case token(String)
    /// No answer, in the transport's words.
    case unanswered(String)
    /// Graph's own error.
    case refused(Refusal)
    /// Graph was still busy when this reading's budget or this request's attempts ended.
    case busy(Refusal, asked: Duration?, budget: Duration)
    /// An answer that is not what was asked for.
    case malformed(String)
    /// A next link that must not be followed.
    case link(String)
    case cancelled
  }

  /// `GET /v1.0/users`.
  package let action: String
  package let cause: Cause

  package init(action: String, cause: Cause) {
    self.action = action
    self.cause = cause
  }

  package var status: Int? {
    switch cause {
    case .refused(let refusal), .busy(let refusal, _, _): refusal.status
    case .token, .unanswered, .malformed, .link, .cancelled: nil
    }
  }

  package var code: String? {
    switch cause {
    case .refused(let refusal), .busy(let refusal, _, _): refusal.code
    case .token, .unanswered, .malformed, .link, .cancelled: nil
    }
  }
}

/// What Graph's error object says, as far as it may be shown.
package struct Refusal: Equatable, Sendable {
  package let status: Int
  package let code: String?
  package let requestID: String?
  /// Its message, shortened. Graph quotes names of properties and permissions in it, not values.
  package let message: String?

  init(_ response: HTTPResponse) {
    var body: JSONValue?
    do throws(MalformedJSON) {
      body = try JSONValue(parsing: response.body)
    } catch {
      // A gateway's page, perhaps: the status tells enough.
    }
    self.init(
      status: response.status, body: body,
      requestID: response["request-id"] ?? response["client-request-id"])
  }

  /// `body` has the member `error`; also that of one answer in a batch.
  init(status: Int, body: JSONValue?, requestID: String? = nil) {
    let error = body?["error"]
    self.status = status
    code = error?["code"]?.text.flatMap { $0.isEmpty ? nil : Self.shown($0, 80) }
    message = error?["message"]?.text.flatMap { $0.isEmpty ? nil : Self.shown($0, 200) }
    self.requestID =
      (error?["innerError"]?["request-id"]?.text ?? requestID).map { Self.shown($0, 60) }
  }

  private static func shown(_ text: String, _ length: Int) -> String {
    let scalars = text.unicodeScalars.filter { $0.value > 0x1f && $0.value != 0x7f }
    let short = String(String.UnicodeScalarView(scalars.prefix(length)))
    return scalars.count > length ? short + "…" : short
  }
}
