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
  private let requests = Mutex<[String: AssignmentRequest]>([:])

  var current: Lessons { lessons.withLock { $0 } }

  func learn(_ change: (inout Lessons) -> Void) { lessons.withLock { change(&$0) } }

  /// The requests that are new or not as they were, with those that were being delivered and are not
  /// listed any more.
  func note(_ current: [String: AssignmentRequest]) -> [AssignmentRequest] {
    requests.withLock { known in
      let changed = current.values.filter { known[$0.id]?.fingerprint != $0.fingerprint }
      let gone = known.values.filter { $0.isDelivering && current[$0.id] == nil }
      known = current
      return changed + gone
    }
  }
}
