import AccessModel

/// Accounts as they are read, and what of them stands in groups: one row in each list.
struct AccountRows {
  var accounts: [ActualAccount] = []
  /// Their DNs as the server spells them.
  var names: [String] = []
  /// For each column of groups what of the account stands in it; no rows where that is its DN.
  var values: [[String?]]

  init(_ layout: Layout) { values = layout.columns.map { _ in [] } }

  /// By key.
  mutating func sort() {
    if accounts.indices.dropFirst().allSatisfy({ accounts[$0 - 1].key < accounts[$0].key }) {
      return
    }
    let order = accounts.indices.sorted { accounts[$0].key < accounts[$1].key }
    accounts = order.map { accounts[$0] }
    names = order.map { names[$0] }
    values = values.map { list in list.isEmpty ? [] : order.map { list[$0] } }
  }
}

/// The accounts of one reading, and how to find them by what stands in groups.
struct AccountDirectory: Sendable {
  /// Sorted by key.
  let accounts: [ActualAccount]
  let coverage: Coverage
  /// For each column, what of each account stands in groups.
  let members: [MemberTable]
  let proofs: AccountProofs

  init(_ rows: consuming AccountRows, _ coverage: Coverage, _ layout: Layout) {
    rows.sort()
    let accounts = rows.accounts
    let names = rows.names
    self.accounts = accounts
    self.coverage = coverage
    var members: [MemberTable] = []
    var proven: [AccountProofs.Column] = []
    for (column, values) in zip(layout.columns, rows.values) {
      if column.valueAttribute == nil {
        let table = MemberTable(
          column, rows: accounts.count, key: { accounts[$0].key.rawValue }, spelling: { names[$0] })
        members.append(table)
        proven.append(.names(names, table))
      } else {
        members.append(
          MemberTable(column, rows: accounts.count, key: { values[$0] }, spelling: { values[$0] }))
        proven.append(.values(values))
      }
    }
    self.members = members
    proofs = AccountProofs(accounts, columns: proven)
  }
}
