import Synchronization

/// What libldap gave out and has not got back: of every connection made in a task that has one set, so
/// that a test can tell its own from those of others. Nothing is counted elsewhere.
package final class Census: Sendable {
  @TaskLocal package static var current: Census?

  private let openConnections = Atomic(0)
  private let heldMessages = Atomic(0)
  private let allMessages = Atomic(0)

  package init() {}

  /// Handles that were made and not freed.
  package var connections: Int { openConnections.load(ordering: .relaxed) }
  /// Messages that were received and not freed.
  package var messages: Int { heldMessages.load(ordering: .relaxed) }
  /// Messages received so far.
  package var messagesEver: Int { allMessages.load(ordering: .relaxed) }

  func opened() { openConnections.add(1, ordering: .relaxed) }
  func closed() { openConnections.subtract(1, ordering: .relaxed) }
  func freed() { heldMessages.subtract(1, ordering: .relaxed) }
  func received() {
    heldMessages.add(1, ordering: .relaxed)
    allMessages.add(1, ordering: .relaxed)
  }
}
