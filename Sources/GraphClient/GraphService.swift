package import HTTPTransport
package import JSON
package import OAuth
internal import Secrets

/// Microsoft Graph v1.0, one request at a time: with a token that is renewed when it is refused, and
/// patience within limits. The token goes to the configured Graph and nowhere else.
package final class GraphService: Sendable {
  /// How often and how long to try one request.
  package struct Patience: Sendable {
    /// Where Graph says that it is busy.
    package var attempts = 10
    /// Where it does not answer or fails: what waits for this reading must not wait long.
    package var attemptsWhenAway = 3
    /// The pause after the first failure, where Graph names none; each further one is twice as long.
    package var firstPause: Duration = .seconds(1)
    package var longestPause: Duration = .seconds(60)

    package init() {}
  }

  package let cloud: GraphCloud
  private let tokens: TokenCache
  private let transport: any HTTPTransport
  private let clock: any Clock<Duration>
  private let patience: Patience
  private let jitter: @Sendable () -> Double

  /// `jitter` gives a number from 0 to 1 that spreads the pauses of several clients.
  package init(
    cloud: GraphCloud, tokens: TokenCache, transport: any HTTPTransport,
    clock: any Clock<Duration> = ContinuousClock(), patience: Patience = .init(),
    jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }
  ) {
    self.cloud = cloud
    self.tokens = tokens
    self.transport = transport
    self.clock = clock
    self.patience = patience
    self.jitter = jitter
  }

  /// Graph's clock, asked now without a token: any answer tells it.
  package func time() async throws(GraphError) -> Int64 {
    let url = try url("/")
    do throws(TransportError) {
      guard let time = try await transport.send(HTTPRequest(.get, url)).serverTime else {
        throw TransportError(kind: .broken, sent: .unknown, message: "the answer has no Date")
      }
      return time
    } catch {
      throw GraphError(action: "GET \(url.path)", cause: .unanswered("\(error)"))
    }
  }

  func currentToken() async throws(GraphError) -> Secret {
    do throws(TokenError) {
      return try await tokens.token().value
    } catch {
      throw GraphError(action: "token", cause: .token("\(error)"))
    }
  }

  /// A URL below `/v1.0`. `query` is sent as it is, but for characters that no URL can hold.
  package func url(_ path: String, query: String = "") throws(GraphError) -> HTTPURL {
    let text = "\(cloud.graph)/v1.0\(path)" + (query.isEmpty ? "" : "?\(query)")
    do throws(HTTPURL.SyntaxError) {
      return try HTTPURL(parsing: PageLink.escaped(text))
    } catch {
      throw GraphError(action: path, cause: .malformed("\(error)"))
    }
  }

  package func get(_ url: HTTPURL, _ budget: RetryBudget) async throws(GraphError) -> HTTPResponse {
    try await exchange(HTTPRequest(.get, url), budget)
  }

  package func object(
    _ url: HTTPURL, _ budget: RetryBudget
  ) async throws(GraphError) -> JSONValue {
    let response = try await get(url, budget)
    return try Self.json(response, action: "GET \(url.path)")
  }

  /// Repeated only after an answer that says that nothing was done.
  package func post(
    _ url: HTTPURL, _ body: JSONValue, _ budget: RetryBudget
  ) async throws(GraphError) -> HTTPResponse {
    try await exchange(
      HTTPRequest(
        .post, url, fields: [HTTPField("Content-Type", "application/json")], body: body.encoded),
      budget)
  }

  static func json(_ response: HTTPResponse, action: String) throws(GraphError) -> JSONValue {
    do throws(MalformedJSON) {
      return try JSONValue(parsing: response.body)
    } catch {
      throw GraphError(action: action, cause: .malformed("the answer is not JSON: \(error)"))
    }
  }

  private func exchange(
    _ request: HTTPRequest, _ budget: RetryBudget
  ) async throws(GraphError) -> HTTPResponse {
    let action = "\(request.method.rawValue) \(request.url.path)"
    var isRenewed = false
    var claims: String?
    var attempt = 1
    while true {
      let asked: Duration?
      let cause: GraphError.Cause
      let attempts: Int
      switch await send(request, claims) {
      case .answered(let response, _) where 200..<300 ~= response.status: return response
      case .answered(let response, let token) where response.status == 401 && !isRenewed:
        await tokens.discard(token)
        claims = ClaimsChallenge.claims(in: response)
        isRenewed = true
        continue
      case .answered(let response, _):
        let refusal = Refusal(response)
        guard mayRepeat(request.method, response.status) else {
          throw GraphError(action: action, cause: .refused(refusal))
        }
        asked = RetryAfter.delay(of: response)
        cause = .busy(refusal, asked: asked, budget: budget.total)
        attempts =
          asked == nil && response.status != 429
          ? patience.attemptsWhenAway : patience.attempts
      case .unanswered(let error):
        (asked, cause) = (nil, error.kind == .cancelled ? .cancelled : .unanswered("\(error)"))
        attempts = error.allowsRepeating(request.method) ? patience.attemptsWhenAway : 1
      case .noToken(let error):
        (asked, cause) = (error.retryAfter, .token("\(error)"))
        attempts = error.isPermanent ? 1 : patience.attemptsWhenAway
      }
      let error = GraphError(action: action, cause: cause)
      guard attempt < attempts else { throw error }
      try await rest(before: attempt, asked: asked, budget, error)
      attempt += 1
    }
  }

  /// Sleeps before an attempt is repeated. Throws the error where the budget or the attempts end.
  func rest(
    before attempt: Int, asked: Duration?, _ budget: RetryBudget, _ error: GraphError
  ) async throws(GraphError) {
    let pause = asked ?? usualPause(attempt)
    guard attempt < patience.attempts, budget.take(pause) else { throw error }
    let action = error.action
    do { try await clock.sleep(for: pause) } catch {
      throw GraphError(action: action, cause: .cancelled)
    }
  }

  private enum Attempt {
    case answered(HTTPResponse, TokenCache.Token)
    case unanswered(TransportError)
    case noToken(TokenError)
  }

  private func send(_ request: HTTPRequest, _ claims: String?) async -> Attempt {
    var request = request
    let token: TokenCache.Token
    do throws(TokenError) {
      token = try await tokens.token(claims: claims)
    } catch {
      return .noToken(error)
    }
    request.fields.append(HTTPField("Accept", "application/json"))
    request.fields.append(
      HTTPField(
        "Authorization",
        "Bearer " + token.value.withBytes { String(decoding: $0, as: UTF8.self) },
        isSensitive: true))
    do throws(TransportError) {
      return .answered(try await transport.send(request), token)
    } catch {
      return .unanswered(error)
    }
  }

  /// Graph promises that a request it throttled (429) or turned away (503) was not acted on; 500, 502
  /// and 504 promise nothing.
  private func mayRepeat(_ method: HTTPRequest.Method, _ status: Int) -> Bool {
    switch status {
    case 429, 503: true
    case 500, 502, 504: method == .get
    default: false
    }
  }

  /// Between half and all of a pause that doubles with every attempt.
  private func usualPause(_ attempt: Int) -> Duration {
    let whole = min(patience.firstPause * (1 << min(attempt - 1, 16)), patience.longestPause)
    return whole * (0.5 + jitter() / 2)
  }
}
