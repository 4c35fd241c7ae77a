/// A source or target that can look at itself through the eyes of an administrator.
package protocol Examinable: Sendable {
  /// What the configuration calls it.
  var name: String { get }

  /// Connects as configured and reports each thing it looked at, in the order in which a reader
  /// would mend them. Changes nothing, unless `scratch` allows objects of its own, which it removes
  /// again. Never throws: what cannot be reached or read is a fault like any other.
  func examine(_ examination: Examination, report: @Sendable (Diagnosis) -> Void) async
}

/// What an examination may do and what it compares with.
package struct Examination: Equatable, Sendable {
  /// This machine's time, for clock differences and days left.
  package let now: Instant
  /// Whether objects may be created, written and removed again.
  package let scratch: Bool

  package init(now: Instant, scratch: Bool = false) {
    self.now = now
    self.scratch = scratch
  }
}

/// One thing that was looked at, and what to do about it.
package struct Diagnosis: Equatable, Sendable, Codable {
  package enum Verdict: String, Sendable, Codable {
    case fine
    /// Not wrong, but slower or less safe than it could be.
    case advice
    /// Bellhop works, but something will fail or be held.
    case warning
    /// Bellhop cannot do its work.
    case fault
  }

  package let verdict: Verdict
  /// The thing, in a word or two: `certificate`, `paging`.
  package let topic: String
  /// What was measured. Never a secret, never an attribute's value.
  package let measured: String
  /// What to do; `nil` when there is nothing to do.
  package let wayOut: String?
  /// Lines to paste where `wayOut` says: LDIF, YAML.
  package let remedy: String?

  package init(
    _ verdict: Verdict, _ topic: String, _ measured: String, wayOut: String? = nil,
    remedy: String? = nil
  ) {
    self.verdict = verdict
    self.topic = topic
    self.measured = measured
    self.wayOut = wayOut
    self.remedy = remedy
  }
}
