package import Secrets

/// Keeps one token and asks for the next a little before it ends. However many callers need one,
/// one request is under way.
package actor TokenCache {
  /// A token is never used in the last part of its life: a request takes time to arrive.
  package static let longestMargin: Duration = .seconds(60)
  /// For servers that do not say how long a token is good for.
  private static let usualLifetime: Duration = .seconds(300)

  private let issuer: any TokenIssuer
  private let now: @Sendable () -> ContinuousClock.Instant
  private var current: Current?
  private var request: Task<Result<Token, TokenError>, Never>?
  private var issued = 0

  private struct Current {
    let token: Token
    let renewal: ContinuousClock.Instant
    let end: ContinuousClock.Instant
  }

  /// A token, and which of this cache's tokens it is.
  package struct Token: Sendable {
    package let value: Secret
    fileprivate let number: Int
  }

  package init(
    _ issuer: any TokenIssuer,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.issuer = issuer
    self.now = now
  }

  /// `claims` are those that a service demanded when it refused the token before. Where the next one
  /// cannot be had, the one there is serves until its end.
  package func token(claims: String? = nil) async throws(TokenError) -> Token {
    if let current, now() < current.renewal { return current.token }
    let request = self.request ?? begin(claims)
    do throws(TokenError) {
      return try await request.value.get()
    } catch {
      guard let current, now() < current.end else { throw error }
      return current.token
    }
  }

  /// Says that a service did not accept this token: the next caller gets another. A token that was
  /// replaced meanwhile changes nothing.
  package func discard(_ token: Token) {
    if current?.token.number == token.number { current = nil }
  }

  private func begin(_ claims: String?) -> Task<Result<Token, TokenError>, Never> {
    let task = Task<Result<Token, TokenError>, Never> {
      let start = now()
      do throws(TokenError) {
        let answer = try await issuer.issue(claims: claims)
        return .success(keep(answer, since: start))
      } catch {
        request = nil
        return .failure(error)
      }
    }
    request = task
    return task
  }

  private func keep(_ answer: IssuedToken, since start: ContinuousClock.Instant) -> Token {
    issued += 1
    let token = Token(value: answer.value, number: issued)
    let lifetime = answer.lifetime ?? Self.usualLifetime
    let margin = min(Self.longestMargin, lifetime / 10)
    current = Current(
      token: token, renewal: start.advanced(by: lifetime - margin),
      end: start.advanced(by: lifetime - margin / 10))
    request = nil
    return token
  }
}
