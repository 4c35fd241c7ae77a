/// What the loop does after a failure.
package enum Disposition: String, Sendable, Codable {
  /// Might work later as it is: busy, timed out before sending, throttled.
  case retryLater
  /// This change will not work as it is; the others go on.
  case skipChange
  /// Nothing more is sent to this target in this run.
  case stopTarget
}

/// What became of one change.
package enum Outcome: Equatable, Sendable {
  /// Done and answered. A created or moved account comes with the identity it now has; a created
  /// group with its immutable id as `groupID`.
  case applied(identity: AccountIdentity? = nil, groupID: String? = nil)
  /// It was already so, as read just now.
  case alreadyInState(identity: AccountIdentity? = nil, groupID: String? = nil)
  /// The target said no. `reason` holds its words, no attribute values.
  case refused(reason: String)
  /// Nothing was changed.
  case failed(Disposition, reason: String)
  /// Sent, and no answer came: only reading tells.
  case unknown(reason: String)

  package var isDone: Bool {
    switch self {
    case .applied, .alreadyInState: true
    case .refused, .failed, .unknown: false
    }
  }

  /// A stable word for reports, JSON and the journal.
  package var word: String {
    switch self {
    case .applied: "applied"
    case .alreadyInState: "alreadyInState"
    case .refused: "refused"
    case .failed: "failed"
    case .unknown: "unknown"
    }
  }

  package var detail: String? {
    switch self {
    case .applied, .alreadyInState: nil
    case .refused(let reason), .failed(_, let reason), .unknown(let reason): reason
    }
  }

  package var identity: AccountIdentity? {
    switch self {
    case .applied(let identity, _), .alreadyInState(let identity, _): identity
    case .refused, .failed, .unknown: nil
    }
  }

  package var groupID: String? {
    switch self {
    case .applied(_, let id), .alreadyInState(_, let id): id
    case .refused, .failed, .unknown: nil
    }
  }
}

/// How far a batch has come, for a progress line.
package struct Progress: Equatable, Sendable {
  package let done: Int
  package let total: Int

  package init(done: Int, total: Int) {
    self.done = done
    self.total = total
  }
}
