/// What the limits held in one target, and since when: it waits for an approval of its digest.
package struct HeldPlan: Equatable, Sendable {
  package let target: TargetID
  package let digest: String
  /// Sorted.
  package let changes: [Change]
  /// The limits that were not met, in words.
  package let violations: [String]
  /// When a run first held it.
  package let since: Instant
  /// The latest run that did.
  package let run: RunID
  /// Everyone whose runs held it, by the operating system's word; sorted.
  package let people: [String]

  package init(
    target: TargetID, digest: String, changes: [Change], violations: [String], since: Instant,
    run: RunID, people: [String]
  ) {
    self.target = target
    self.digest = digest
    self.changes = changes
    self.violations = violations
    self.since = since
    self.run = run
    self.people = people
  }
}

/// What a run planned for one target, recorded before anything of it is intended.
package struct PlanRecord: Equatable, Sendable {
  /// Names the changes that passed the limits.
  package let digest: String
  /// The digest whose approval let some of them pass.
  package let release: String?
  package let held: Held?
  /// Whether the run looked at all of the target, so that what it does not hold waits no more.
  package let isWhole: Bool

  package struct Held: Equatable, Sendable {
    package let digest: String
    package let changes: [Change]
    package let violations: [String]

    package init(digest: String, changes: [Change], violations: [String]) {
      self.digest = digest
      self.changes = changes
      self.violations = violations
    }
  }

  package init(digest: String, release: String?, held: Held?, isWhole: Bool) {
    self.digest = digest
    self.release = release
    self.held = held
    self.isWhole = isWhole
  }
}
