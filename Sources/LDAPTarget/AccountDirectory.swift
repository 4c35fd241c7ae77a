import AccessModel

/// Accounts as they are read, and what of them stands in groups: one row in each list.
struct AccountRows: Sendable {
  var accounts: [ActualAccount] = []
  /// Their DNs as the server spells them.
  var names: [String] = []
  /// For each column of groups what of the account stands in it; no rows where that is its DN.
  var values: [[String?]]

  init(_ layout: Layout) { values = layout.columns.map { _ in [] } }

  /// Leaves out the rows at these positions, and takes in others.
  mutating func replace(_ removed: Set<Int>, with others: AccountRows) {
    func replaced<Element>(_ list: [Element], _ more: [Element]) -> [Element] {
      list.indices.filter { !removed.contains($0) }.map { list[$0] } + more
    }
    accounts = replaced(accounts, others.accounts)
    names = replaced(names, others.names)
    values = zip(values, others.values).map { replaced($0, $1) }
    sort()
  }

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

extension [ActualAccount] {
  /// Where an account is among others that are sorted by key.
  func position(of key: AccountKey) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].key == key ? low : nil
  }
}

/// The accounts of one reading, and how to find them by what stands in groups.
struct AccountDirectory: Sendable {
  /// Sorted by key.
  let rows: AccountRows
  let coverage: Coverage
  /// For each column, what of each account stands in groups.
  let members: [MemberTable]
  let proofs: AccountProofs

  var accounts: [ActualAccount] { rows.accounts }

  /// `readAt` is when all of them were read.
  init(
    _ rows: consuming AccountRows, _ coverage: Coverage, _ layout: Layout,
    readAt: ContinuousClock.Instant = .now
  ) {
    rows.sort()
    let accounts = rows.accounts
    let names = rows.names
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
    proofs = AccountProofs(accounts, columns: proven, readAt: readAt)
    self.rows = rows
  }
}
