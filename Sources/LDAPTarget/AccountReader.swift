import AccessModel
import LDAPClient

/// Reads the accounts of the scope.
struct AccountReader {
  let layout: Layout
  let scope: ManagedScope

  func read(on connection: isolated LDAPConnection) throws(TargetError) -> AccountDirectory {
    var columns = AccountColumns(layout, scope, try disabledBase())
    let classes = layout.accountClasses.map { Filter.equals("objectClass", $0) }
    var rows = AccountRows(layout)
    var shortfalls: [String] = []
    var unidentified = 0
    for base in bases(columns.disabledBase) {
      let search = LDAPSearch(
        base: base, scope: .subtree, filter: .and(classes), attributes: columns.names)
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
