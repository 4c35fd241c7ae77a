package import HTTPTransport
internal import JSON
internal import OAuth
internal import Synchronization

/// A SCIM service provider, spoken to in requests that are each sent once unless repeating is
/// harmless.
///
/// The credential goes to the configured URL and nowhere else: links in answers are never followed.
package final class ServiceProvider: Sendable {
  /// How often and how long to try.
  package struct Patience: Sendable {
    /// Of one request, the first included. One that came too fast is not counted while the service
    /// takes others meanwhile.
    package var attempts = 4
    /// Of one request, whatever others come to.
    package var mostAttempts = 30
    /// The longest pause a service can ask for.
    package var longestPause: Duration = .seconds(120)
    /// The pause after the first failure; each further one is twice as long.
    package var firstPause: Duration = .seconds(1)

    package init() {}
  }

  package let baseURL: HTTPURL
  private let authorization: Authorization
  private let transport: any HTTPTransport
  private let pace: Pace
  private let patience: Patience
  private let forbiddenInARow = Mutex(0)
  private let lastDate = Mutex<(text: String, time: Int64?)>(("", nil))

  package init(
    baseURL: HTTPURL, credential: Credential?, transport: any HTTPTransport,
    clock: any Clock<Duration> = ContinuousClock(), patience: Patience = .init()
  ) {
    self.baseURL = baseURL
    authorization = Authorization(credential, transport: transport)
    self.transport = transport
    self.patience = patience
    pace = Pace(clock)
  }

  /// The service's clock by its last answer that had a `Date`, in seconds since 1970.
  package var serverTime: Int64? { lastDate.withLock { $0.time } }

  /// Spaces writes from now on.
  package func limit(writes: Rate?) { pace.limit(.write, to: writes) }

  /// Spaces those of groups, besides.
  package func limit(groupWrites: Rate?) { pace.limit(.groupWrite, to: groupWrites) }

  /// Sends a request and gives the successful answer. `redacting` gives texts that must not come back
  /// in an error message.
  ///
  /// Repeated, after a pause: what was never sent; what was refused as too much (429, or 503 with a
  /// time to come back); and a GET, whatever happened to it. A POST that may have been acted on is
  /// not. Repeated once, without a pause: what was refused because its token had ended.
  func exchange(
    _ method: HTTPRequest.Method, _ url: HTTPURL, body: JSONValue? = nil,
    fields: [HTTPField] = [], redacting: @autoclosure () -> [String] = [],
    of type: ResourceType = .user
  ) async throws(SCIMError) -> HTTPResponse {
    var action: String { "\(method.rawValue) \(url.path)" }
    var request = HTTPRequest(method, url, fields: fields, body: body?.encoded)
    request.fields.append(
      HTTPField("Accept", "application/scim+json, application/json;q=0.9"))
    if body != nil { request.fields.append(HTTPField("Content-Type", "application/scim+json")) }
    let fixedFields = request.fields
    let kind: RequestKind = method == .get ? .reading : type == .group ? .groupWrite : .write

    var (attempt, attempts) = (1, 0)
    var isRenewed = false
    while true {
      attempts += 1
      let failure: SCIMError
      let delay: Duration?
      var isCounted = true
      let proof = try await proof(for: request)
      request.fields = fixedFields + [proof.field].compactMap(\.self)
      let (mark, result) = await send(request, kind)
      switch result {
      case .success(let response) where response.status < 300:
        forbiddenInARow.withLock { $0 = 0 }
        return response
      case .success(let response):
        if response.status == 401, !isRenewed, await authorization.renews(after: proof) {
          isRenewed = true
          continue
        }
        let secrets = redacting() + [proof.text].compactMap(\.self)
        failure = SCIMError(
          action: action, cause: cause(of: response, to: request, redacting: secrets))
        delay = delayBeforeRepeating(method, response, attempt)
        // Some call it an outage when requests come too fast; either way all others wait too.
        if [429, 503].contains(response.status) {
          pace.slowDown(for: delay ?? usualDelay(attempt), since: mark)
          isCounted = pace.mark.taken == mark.taken
        }
      case .failure(let error):
        failure = SCIMError(action: action, cause: .transport(error))
        delay = error.allowsRepeating(method) ? usualDelay(attempt) : nil
      }
      if isCounted { attempt += 1 }
      guard let delay, attempt <= patience.attempts, attempts < patience.mostAttempts else {
        throw failure
      }
      pace.pause(for: delay)
    }
  }

  private func proof(for request: HTTPRequest) async throws(SCIMError) -> Authorization.Proof {
    do throws(TokenError) {
      return try await authorization.proof()
    } catch {
      throw SCIMError(
        action: "\(request.method.rawValue) \(request.url.path)", cause: .token(error))
    }
  }

  func send(
    _ request: HTTPRequest, _ kind: RequestKind = .reading
  ) async -> (mark: PaceMark, result: Result<HTTPResponse, TransportError>) {
    let mark: PaceMark
    do { mark = try await pace.wait(kind) } catch {
      return (
        pace.mark,
        .failure(TransportError(kind: .cancelled, sent: .no, message: "cancelled while it waited"))
      )
    }
    do throws(TransportError) {
      let response = try await transport.send(request)
      if response.status < 500, response.status != 429 { pace.proceed() }
      note(response)
      return (mark, .success(response))
    } catch {
      return (mark, .failure(error))
    }
  }

  /// Most answers have the same date as the one before.
  private func note(_ response: HTTPResponse) {
    guard let text = response["Date"], lastDate.withLock({ $0.text != text }),
      let time = response.serverTime
    else { return }
    lastDate.withLock { $0 = (text, time) }
  }

  private func cause(
    of response: HTTPResponse, to request: HTTPRequest, redacting texts: [String]
  ) -> SCIMError.Cause {
    let answer = ErrorAnswer(response, to: request, redacting: texts)
    switch response.status {
    case 401: return .closed(answer)
    case 403:
      let count = forbiddenInARow.withLock { count in
        count += 1
        return count
      }
      return count > 1 ? .closed(answer) : .answer(answer)
    case 429: return .throttled(RetryAfter.delay(of: response))
    default: return .answer(answer)
    }
  }

  /// `nil` where the request must not be repeated, or not so soon.
  private func delayBeforeRepeating(
    _ method: HTTPRequest.Method, _ response: HTTPResponse, _ attempt: Int
  ) -> Duration? {
    let asked = RetryAfter.delay(of: response)
    if let asked {
      guard asked <= patience.longestPause else { return nil }
      if response.status == 503 { pace.pause(for: asked) }
    }
    return switch response.status {
    case 429: asked ?? usualDelay(attempt)
    case 503 where method != .post && (asked != nil || method == .get):
      asked ?? usualDelay(attempt)
    case 500, 502, 504: method == .get ? usualDelay(attempt) : nil
    default: nil
    }
  }

  private func usualDelay(_ attempt: Int) -> Duration {
    min(patience.firstPause * (1 << min(attempt - 1, 10)), patience.longestPause)
  }
}
