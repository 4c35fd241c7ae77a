/// A dry run by the server itself: schema, access and state are checked, and nothing is written. An
/// experimental control of OpenLDAP (`LDAP_CONTROL_NOOP`).
///
/// It damages databases of slapd 2.5 (back-mdb) when the request brings an attribute type that no entry
/// of the database has had: the number that the type gets in memory outlives the transaction that was
/// to store it. Entries written later cannot be decoded, and after a restart carry other attributes'
/// names. Send it only with attributes that an entry of that database is known to have.
extension RequestControl {
  package static let noOperationIdentifier = "1.3.6.1.4.1.4203.666.5.2"

  /// Critical: a server that does not know it must not write. What would have succeeded is answered
  /// with `noOperation`.
  package static let noOperation = RequestControl(
    identifier: noOperationIdentifier, isCritical: true, value: nil)
}

extension LDAPResultCode {
  package static let noOperation = Self(rawValue: 16654)
}
