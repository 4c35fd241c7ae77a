import AccessModel
internal import Synchronization

/// What one reading teaches the next ones of the same process: only what saves requests.
final class GraphMemory: Sendable {
  struct Lessons {
    /// `$count` is refused.
    var isCountRefused = false
    /// The tenant's whole list is refused.
    var isTenantRefused = false
  }

  private let lessons = Mutex(Lessons())
  private let hearing = Mutex(Hearing())

  var current: Lessons { lessons.withLock { $0 } }

  func learn(_ change: (inout Lessons) -> Void) { lessons.withLock { change(&$0) } }

  /// What requests have told since the reading that was begun at `base`.
  var heard: Hearing { hearing.withLock { $0 } }

  /// Once what moved was read.
  func keep(_ next: Hearing) { hearing.withLock { $0 = next } }
}

/// What requests told, poll after poll, of the assignments in one reading.
struct Hearing {
  /// When the reading was begun; `nil` before the first poll.
  private(set) var base: Instant?
  private var requests: [String: AssignmentRequest] = [:]
  /// Everything that moved since.
  private var moved: Set<AssignmentID> = []

  /// The assignments that may be other than in the reading: of requests that are new or not as they
  /// were, and of those that were being delivered and are not listed any more. In another reading than
  /// before, which may have been under way for long, everything that moved since the one before.
  mutating func note(_ current: [String: AssignmentRequest], base: Instant) -> Set<AssignmentID> {
    let before = moved
    if base != self.base { (self.base, requests, moved) = (base, [:], []) }
    let isFirst = requests.isEmpty && moved.isEmpty
    let changed = current.values.filter { requests[$0.id]?.fingerprint != $0.fingerprint }
    let gone = requests.values.filter { $0.isDelivering && current[$0.id] == nil }
    let new = Set((changed + gone).compactMap(\.assignment))
    requests = current
    moved.formUnion(new)
    return isFirst ? new.union(before) : new
  }
}
