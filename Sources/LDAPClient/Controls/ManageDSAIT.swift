/// Entries as they are stored (RFC 3296): no reference followed, and, by slapd's overlay dynlist, no list
/// expanded.
extension RequestControl {
  package static let manageDSAIT = RequestControl(
    identifier: "2.16.840.1.113730.3.4.2", isCritical: true, value: nil)
}
