/// What one run is told once: its name, its time and whose it is.
package struct RunContext: Sendable {
  package let run: RunID
  /// Taken once; never below the highest instant in the journal, nor beyond what is certain.
  package let now: Instant
  /// What lies after `now` and may have come, while the machine's clock is in doubt.
  package let doubt: ClockDoubt?
  /// See `RunRecord.person`.
  package let person: String?

  package init(run: RunID, now: Instant, doubt: ClockDoubt? = nil, person: String? = nil) {
    self.run = run
    self.now = now
    self.doubt = doubt
    self.person = person
  }
}
