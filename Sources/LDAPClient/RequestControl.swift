/// A control that goes with a request (RFC 4511 §4.1.11). Each kind is made by a file in `Controls`.
package struct RequestControl: Equatable, Sendable {
  let identifier: String
  /// A server that does not know a critical control refuses the request instead of ignoring it.
  let isCritical: Bool
  let value: [UInt8]?
}

/// A control that came with a result.
package struct ResponseControl: Equatable, Sendable {
  let identifier: String
  let value: [UInt8]
}
