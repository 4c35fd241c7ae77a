internal import AccessModel
internal import HTTPTransport
internal import OAuth
internal import SCIMClient

extension SCIMError {
  /// What a failed write comes to where nothing was read since.
  var outcome: Outcome {
    switch cause {
    case .closed: return .failed(.stopTarget, reason: description)
    // The whole service waits, not only this request.
    case .throttled: return .failed(.stopTarget, reason: description)
    case .token(let error):
      return .failed(error.isPermanent ? .stopTarget : .retryLater, reason: description)
    case .malformed: return .unknown(reason: description)
    case .transport(let error):
      if error.sent == .unknown { return .unknown(reason: description) }
      return .failed(error.kind == .cancelled ? .retryLater : .stopTarget, reason: description)
    case .answer(let answer):
      switch answer.status {
      case 403, 404: return .failed(.skipChange, reason: description)
      case 412: return .failed(.retryLater, reason: description)
      case 400..<500, 501, 300..<400: return .refused(reason: description)
      default: return .unknown(reason: description)
      }
    }
  }

  /// The same where reading showed that nothing had changed.
  var outcomeWithoutEffect: Outcome {
    guard case .unknown(let reason) = outcome else { return outcome }
    // A request whose answer was lost may still be under way.
    if case .transport = cause { return .unknown(reason: reason) }
    return .failed(.retryLater, reason: reason)
  }

  /// What reading tells of a write that failed so. A reading that fails as well, or a second write
  /// after it, proves nothing of the first.
  func outcome(
    orAsRead read: () async throws(SCIMError) -> Outcome?
  ) async throws(SCIMError) -> Outcome {
    do throws(SCIMError) {
      guard let outcome = try await read() else { return outcomeWithoutEffect }
      guard mayHaveHappened, case .failed = outcome else { return outcome }
      return .unknown(reason: outcome.detail ?? description)
    } catch {
      guard mayHaveHappened else { throw error }
      return .unknown(reason: description)
    }
  }

  /// What a failed reading comes to.
  func targetError(_ target: TargetID) -> TargetError {
    let disposition: Disposition
    switch cause {
    case .closed: disposition = .stopTarget
    case .token(let error): disposition = error.isPermanent ? .stopTarget : .retryLater
    case .transport(let error):
      disposition = [.insecure, .refused].contains(error.kind) ? .stopTarget : .retryLater
    case .throttled, .malformed, .answer: disposition = .retryLater
    }
    return TargetError(target: target, disposition: disposition, message: description)
  }

  /// Whether the service understood the request but not this form of it, so that another may do.
  var asksForAnotherForm: Bool {
    guard case .answer(let answer) = cause else { return false }
    switch answer.status {
    case 405, 501: return true
    case 400:
      return ["invalidPath", "invalidSyntax", "noTarget", nil].contains(answer.scimType)
    default: return false
    }
  }

  /// The same for a single value, where services also call a form they do not know a wrong value.
  var asksForAnotherWay: Bool {
    guard case .answer(let answer) = cause else { return false }
    return asksForAnotherForm || answer.status == 422
      || (answer.status == 400 && answer.scimType == "invalidValue")
  }
}
