/// A system that assignments are read from.
package protocol AssignmentSource: Sendable {
  var id: SourceID { get }

  /// How soon a complete reading proves that what it lacks is gone: at once for what is read whole
  /// and atomically (files, databases), after a second complete reading this much later for what
  /// comes in pages.
  var absentAfter: Duration { get }

  /// One pass over the source. Throws if it could not be read at all; never gives less than there is
  /// without saying so in the reading's coverage.
  func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading
}
