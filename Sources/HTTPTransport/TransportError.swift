/// A request that got no answer.
package struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// The request breaks a rule of this transport: plain http to another machine, a line break in
    /// a header.
    case refused
    /// Name resolution or connecting failed.
    case unreachable
    /// No secure connection: unknown authority, wrong host name, too old a protocol.
    case insecure
    /// A time limit passed.
    case timedOut
    /// The answer is larger than the limit.
    case tooLarge
    /// The connection broke, or what came was not HTTP.
    case broken
    case cancelled
  }

  /// Whether the other side can have acted on the request.
  package enum Sent: Sendable, Equatable {
    /// Not a byte of it left.
    case no
    /// It may have been received and acted on; only reading tells.
    case unknown
  }

  package let kind: Kind
  package let sent: Sent
  /// Object, act, measured, limit. No header values, no body.
  package let message: String

  package init(kind: Kind, sent: Sent, message: String) {
    self.kind = kind
    self.sent = sent
    self.message = message
  }

  package var description: String { message }

  /// Whether the same request may be sent once more: it fell to chance, and the other side cannot have
  /// acted on it, or only read.
  package func allowsRepeating(_ method: HTTPRequest.Method) -> Bool {
    switch kind {
    case .unreachable, .timedOut, .broken: sent == .no || method == .get
    case .refused, .insecure, .tooLarge, .cancelled: false
    }
  }
}
