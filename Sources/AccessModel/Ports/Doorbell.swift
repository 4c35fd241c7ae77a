/// A target that can tell when something in it changes. It says *look*, and never what is there: what
/// rings is read like at any other time.
package protocol Doorbell: Sendable {
  var id: TargetID { get }

  /// Rings whenever something may have changed, and each time that listening begins, until the task
  /// is cancelled. Returns before that only if this target cannot tell. Never throws: a server that
  /// goes away is listened to again when it is back.
  func listen(_ ring: @escaping @Sendable (Ring) -> Void) async
}

/// What a doorbell says.
package enum Ring: Equatable, Sendable {
  case changed
  /// Nothing is heard for now, or ever, and why.
  case silent(String)
}
