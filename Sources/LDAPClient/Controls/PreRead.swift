/// The entry as it was just before a write, in the same instant (RFC 4527 §3.1).
extension RequestControl {
  package static let preReadIdentifier = "1.3.6.1.1.13.1"

  /// Not critical: the write is made whether or not the server can tell. Never ask for the members of
  /// a group that may be large.
  package static func preRead(_ attributes: [String]) -> RequestControl {
    RequestControl(
      identifier: preReadIdentifier, isCritical: false,
      value: ReadEntry.selection(of: attributes))
  }
}

extension LDAPResult {
  /// `nil` if the server did not tell.
  package var entryBefore: LDAPRecord? {
    ReadEntry.decode(RequestControl.preReadIdentifier, controls)
  }
}
