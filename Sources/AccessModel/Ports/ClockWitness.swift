/// A source or target whose server can tell the time.
package protocol ClockWitness: Sendable {
  /// What the configuration calls it.
  var witnessName: String { get }

  /// The server's clock, asked now over a connection that proves who answers: TLS, or loopback.
  ///
  /// Where nothing else tells it, it is read from a write to `account`, which is ours, that sets a
  /// value to what it is and so changes nothing but the time of its last change. Throws if the server
  /// does not answer or does not say.
  func serverClock(touching account: AccountIdentity?) async throws(ClockUnreadable) -> Instant
}

/// Why a server's clock could not be read, in words.
package struct ClockUnreadable: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
