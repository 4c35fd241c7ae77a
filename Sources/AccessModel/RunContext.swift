/// What one run is told once: its name and its time.
package struct RunContext: Sendable {
  package let run: RunID
  /// Taken once; never below the highest instant in the journal.
  package let now: Instant

  package init(run: RunID, now: Instant) {
    self.run = run
    self.now = now
  }
}
