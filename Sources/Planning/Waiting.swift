package import AccessModel

/// Removals of one target that wait for one thing.
package struct Waiting: Equatable, Sendable {
  package let target: TargetID
  package let obstacle: PendingRemoval.Obstacle
  package let digest: String?
  package let count: Int
  /// Since when the oldest of them waits.
  package let since: Instant
  package let age: Duration
  /// Of the oldest that the target said something of: where, and what.
  package let said: String?

  /// From here on every run says so and ends with an error.
  package static let patience = Duration.seconds(86_400)

  package var isOverdue: Bool { age > Self.patience }

  /// Sorted by target, the oldest first.
  package static func summary(of removals: [PendingRemoval], now: Instant) -> [Waiting] {
    struct Kind: Hashable {
      let target: TargetID
      let obstacle: PendingRemoval.Obstacle
      let digest: Identifier<Kind>?
    }
    let groups = Dictionary(grouping: removals) {
      Kind(target: $0.target, obstacle: $0.obstacle, digest: $0.digest.map { Identifier($0) })
    }
    return groups.values.compactMap { rows in
      guard let first = rows.first, let since = rows.map(\.since).min() else { return nil }
      return Waiting(
        target: first.target, obstacle: first.obstacle, digest: first.digest, count: rows.count,
        since: since, age: max(.zero, now.since(since)), said: said(of: rows))
    }
    .sorted {
      ($0.target.rawValue, $0.since, $0.obstacle.rawValue)
        < ($1.target.rawValue, $1.since, $1.obstacle.rawValue)
    }
  }
}

extension Waiting {
  private static func said(of removals: [PendingRemoval]) -> String? {
    removals.filter { $0.reason != nil }.min { $0.since < $1.since }.map { removal in
      let object = removal.group?.rawValue ?? removal.subject?.rawValue ?? removal.kind
      return "\(object): \(removal.reason ?? "")"
    }
  }
}

extension Waiting: CustomStringConvertible {
  /// Object, what waits, since when, way out.
  package var description: String {
    let hours = age.components.seconds / 3_600
    let words = hours >= 48 ? "\(hours / 24) d" : hours >= 1 ? "\(hours) h" : "less than 1 h"
    let what = "\(target): \(count) removal(s) wait since \(since), \(words)"
    let mark = isOverdue ? ", more than a day" : ""
    switch obstacle {
    case .limits:
      return what + mark + ": limits hold them; review with 'bellhop plan', then "
        + "'bellhop approve \(digest ?? "DIGEST")'"
    case .failed:
      return what + mark + ": the target refused them or did not answer; tried again"
        + (said.map { "; \($0)" } ?? "")
    case .unreachable: return what + mark + ": the target could not be read; tried again"
    case .quarantine:
      return what + mark + ": set aside after repeated failure, until 'bellhop release' lifts it"
    }
  }
}
