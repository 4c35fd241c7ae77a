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
package enum Outcome: Sendable {
  /// Done and answered. A created or moved account comes with the identity it now has; a created
  /// group with its immutable id as `groupID`. `changedAt` is when the group of a membership was last
  /// changed, by the target's clock, as it was seen to be so.
  case applied(identity: AccountIdentity? = nil, groupID: String? = nil, changedAt: Instant? = nil)
  /// It was already so, as read just now.
  case alreadyInState(
    identity: AccountIdentity? = nil, groupID: String? = nil, changedAt: Instant? = nil)
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
    case .applied(let identity, _, _), .alreadyInState(let identity, _, _): identity
    case .refused, .failed, .unknown: nil
    }
  }

  package var groupID: String? {
    switch self {
    case .applied(_, let id, _), .alreadyInState(_, let id, _): id
    case .refused, .failed, .unknown: nil
    }
  }

  package var changedAt: Instant? {
    switch self {
    case .applied(_, _, let instant), .alreadyInState(_, _, let instant): instant
    case .refused, .failed, .unknown: nil
    }
  }
}

extension Outcome: Equatable {
  /// `changedAt` is evidence of when it was seen, and no part of what became of the change.
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.applied(let mine, let group, _), .applied(let theirs, let other, _)),
      (.alreadyInState(let mine, let group, _), .alreadyInState(let theirs, let other, _)):
      (mine, group) == (theirs, other)
    case (.refused(let mine), .refused(let theirs)), (.unknown(let mine), .unknown(let theirs)):
      mine == theirs
    case (.failed(let mine, let reason), .failed(let theirs, let other)):
      (mine, reason) == (theirs, other)
    default: false
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
