package import HTTPTransport
package import OAuth

/// A request that did not do what it was for.
package struct SCIMError: Error, Sendable, CustomStringConvertible {
  package enum Cause: Sendable {
    /// No answer.
    case transport(TransportError)
    /// The service said no.
    case answer(ErrorAnswer)
    /// The service is closed to us: 401, or 403 more than once in a row.
    case closed(ErrorAnswer)
    /// There is no token to ask with.
    case token(TokenError)
    /// It asks for more patience than we have.
    case throttled(Duration?)
    /// A success whose body cannot be understood.
    case malformed(String)
  }

  /// Method and path: `PATCH /Groups/…`.
  package let action: String
  package let cause: Cause

  package init(action: String, cause: Cause) {
    self.action = action
    self.cause = cause
  }

  package var status: Int? {
    switch cause {
    case .answer(let answer), .closed(let answer): answer.status
    case .throttled: 429
    case .transport, .malformed, .token: nil
    }
  }

  /// Whether the service, or something on the way to it, says no, which is no proof that nothing was
  /// done: gateways refuse answers too. Not where the credential or the rate was refused.
  package var isRefusal: Bool {
    guard case .answer(let answer) = cause else { return false }
    return ![401, 429].contains(answer.status)
  }

  /// Whether the service may have acted on it although it failed.
  package var mayHaveHappened: Bool {
    switch cause {
    case .transport(let error): error.sent == .unknown
    case .answer(let answer): answer.status >= 500 && answer.status != 501
    case .malformed: true
    case .closed, .throttled, .token: false
    }
  }
}
