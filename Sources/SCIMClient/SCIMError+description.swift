extension SCIMError {
  package var description: String { "\(action): \(cause.words)" }
}

extension SCIMError.Cause {
  fileprivate var words: String {
    switch self {
    case .transport(let error): "\(error)"
    case .answer(let answer): "\(answer)"
    case .closed(let answer) where answer.status == 401:
      "\(answer); the service does not accept the credential"
    case .closed(let answer): "\(answer); the service is closed to this credential"
    case .throttled(let delay?): "429, and it asks to wait \(delay.components.seconds) s"
    case .throttled(nil): "429 again after every pause"
    case .token(let error): "\(error)"
    case .malformed(let reason): "the answer cannot be understood: \(reason)"
    }
  }
}
