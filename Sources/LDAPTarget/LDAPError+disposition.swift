import AccessModel
import LDAPClient

extension LDAPResultCode {
  /// What the loop does after this answer.
  var disposition: Disposition {
    switch self {
    case .invalidCredentials, .inappropriateAuthentication, .authMethodNotSupported,
      .strongerAuthRequired, .confidentialityRequired:
      .stopTarget
    case .busy, .unavailable, .timeLimitExceeded, .adminLimitExceeded, .other:
      .retryLater
    default: isAnswer ? .skipChange : .retryLater
    }
  }
}

extension LDAPResult {
  /// The outcome of a change whose request ended so, once there is nothing left to try.
  var outcome: Outcome {
    let reason = "\(LDAPError(self))"
    switch delivery {
    case .unanswered: return .unknown(reason: reason)
    case .unsent: return .failed(.retryLater, reason: reason)
    case .answered: break
    }
    switch code.disposition {
    case .skipChange: return .refused(reason: reason)
    case .retryLater, .stopTarget: return .failed(code.disposition, reason: reason)
    }
  }
}

extension LDAPError {
  /// Said of a whole reading or batch that could not begin.
  func targetError(_ target: TargetID, _ act: String) -> TargetError {
    let disposition = code.disposition == .skipChange ? .stopTarget : code.disposition
    return TargetError(target: target, disposition: disposition, message: "\(act): \(self)")
  }
}
