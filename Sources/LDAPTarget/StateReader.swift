import AccessModel
import LDAPClient

/// One reading of the directory.
struct StateReader: Sendable {
  let layout: Layout
  let scope: ManagedScope

  /// Throws if the accounts' branch or the whole server cannot be read; what ends before its end is
  /// partial.
  func read(on connection: isolated LDAPConnection) throws(TargetError) -> ActualState {
    let directory = try AccountReader(layout: layout, scope: scope).read(on: connection)
    var groups = GroupReader(layout: layout, scope: scope, directory: directory)
    let found = try groups.read(on: connection)
    let (strangers, memberships) = groups.members()
    return ActualState(
      target: layout.target, coverage: directory.coverage, accounts: directory.accounts,
      groups: found, strangers: strangers, memberships: memberships)
  }
}

extension LDAPSearchResult {
  /// Why what was read is not all there is.
  var shortfall: String {
    references > 0 && result.isSuccess
      ? "\(references) part(s) are on another server, and referrals are not followed"
      : "\(LDAPError(result)) after \(entries) entries"
  }
}
