/// A target whose system can try a change without making it.
package protocol ServerChecking: Target {
  /// What the system says would become of the changes, each against what is there now. Writes nothing,
  /// and asks nothing that could do harm. Throws if it cannot be reached.
  func check(_ changes: [Change]) async throws(TargetError) -> ServerCheck
}

/// What a target's system says of changes that it has not been given.
package struct ServerCheck: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    /// It would be made, or is so already.
    case accepted
    /// `reason` has the system's words, no attribute values; `wayOut` is `nil` where they say it.
    case refused(reason: String, wayOut: String?)
    /// Nobody knows.
    case notAsked(reason: String)
  }

  /// One for each change, in their order.
  package let verdicts: [Verdict]
  /// How the system kept what it was only to try; nothing more was asked of it then.
  package let alarm: String?

  package init(verdicts: [Verdict], alarm: String? = nil) {
    self.verdicts = verdicts
    self.alarm = alarm
  }
}
