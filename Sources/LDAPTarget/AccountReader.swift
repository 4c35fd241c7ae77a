import AccessModel
import LDAPClient

/// Reads the accounts of the scope.
struct AccountReader {
  let layout: Layout
  let scope: ManagedScope

  /// What is read of each account, and where.
  struct Plan {
    fileprivate var columns: AccountColumns
    fileprivate let bases: [DistinguishedName]
    fileprivate let filter: Filter
    let question: AccountMemory.Question
    /// Whether all of them are in the branch that is listened to.
    let isWatched: Bool
  }

  func plan() throws(TargetError) -> Plan {
    let disabledBase = try disabledBase()
    let classes = layout.accountClasses.map { Filter.equals("objectClass", $0) }
    let chosen = scope.only.map { only in
      Filter.or(
        [.equals(layout.immutableID, only.identity.immutableID)]
          + only.anchors.map { .equals(layout.anchor, $0.rawValue) })
    }
    let columns = AccountColumns(layout, scope, disabledBase)
    let bases = bases(disabledBase)
    return Plan(
      columns: columns, bases: bases, filter: .and(classes + [chosen].compactMap { $0 }),
      question: AccountMemory.Question(
        names: columns.names, attributes: scope.attributes, disable: scope.disable),
      isWatched: scope.only == nil && bases == [layout.accountsBase])
  }

  /// All of them.
  func read(_ plan: Plan, on connection: isolated LDAPConnection) throws(TargetError)
    -> AccountDirectory
  {
    var columns = plan.columns
    var rows = AccountRows(layout)
    var shortfalls: [String] = []
    if let only = scope.only { shortfalls.append("only '\(only.identity.key)' was asked for") }
    var unidentified = 0
    for base in plan.bases {
      let search = LDAPSearch(
        base: base, scope: .subtree, filter: plan.filter, attributes: columns.names)
      let result = connection.search(search) { entry in
        if !columns.append(entry, to: &rows) { unidentified += 1 }
      }
      let code = result.result.code
      guard code.isAnswer, result.entries > 0 || ![.noSuchObject].contains(code) else {
        throw LDAPError(result.result).targetError(layout.target, "cannot read '\(base)'")
      }
      if !result.isComplete { shortfalls.append("'\(base)': \(result.shortfall)") }
    }
    if unidentified > 0 {
      shortfalls.append("\(unidentified) entries without a readable \(layout.immutableID)")
    }
    return AccountDirectory(
      rows, shortfalls.isEmpty ? .complete : .partial(reason: shortfalls.joined(separator: "; ")),
      layout)
  }

  /// Those that are known, with what was touched of them since. `nil` if that takes a reading of all.
  func read(
    _ plan: Plan, known directory: AccountDirectory, touched: Set<String>,
    on connection: isolated LDAPConnection
  ) -> AccountDirectory? {
    guard !touched.isEmpty else { return directory }
    var refresh = AccountRefresh(layout, plan.columns, filter: plan.filter)
    return refresh.read(touched, of: directory.rows, on: connection).map {
      AccountDirectory($0, directory.coverage, layout, readAt: directory.proofs.readAt)
    }
  }

  private func disabledBase() throws(TargetError) -> DistinguishedName? {
    guard case .moveTo(let text) = scope.disable else { return nil }
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: text)
    } catch {
      throw layout.refusal("disable.moveTo: \(error)")
    }
  }

  /// The branches to search, none inside another.
  private func bases(_ disabledBase: DistinguishedName?) -> [DistinguishedName] {
    guard let disabledBase, !disabledBase.isSameOrDescendant(of: layout.accountsBase) else {
      return [layout.accountsBase]
    }
    return layout.accountsBase.isDescendant(of: disabledBase)
      ? [disabledBase] : [layout.accountsBase, disabledBase]
  }
}
