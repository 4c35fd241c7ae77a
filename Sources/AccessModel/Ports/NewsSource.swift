/// A source that can tell cheaply, between two readings of everything, what has changed.
package protocol NewsSource: AssignmentSource {
  /// How often to ask; `nil` is never.
  var newsInterval: Duration? { get }

  /// `reading`, which was begun at `readAt` or is news of that, with what has changed since, as far as
  /// it is known; `nil` if nothing has. Its coverage stays that of `reading`: what came is newer, and
  /// nothing is left out that was there. The source may be read at the same time.
  func news(
    _ context: RunContext, since reading: AssignmentReading, readAt: Instant
  ) async throws(SourceError) -> AssignmentReading?
}

/// A source whose requests can wait for us.
package protocol CallbackSource: AssignmentSource {
  /// `nil` if no request is to be answered.
  var callbackPolicy: CallbackPolicy? { get }

  /// Lets a request go on, with `detail` for whoever looks at it. False if it did not wait any more.
  func resume(_ request: WaitingRequest, detail: String) async throws(SourceError) -> Bool
}
