import AccessModel
import LDAPClient

/// The accounts as they were read, to be used again for as long as content synchronisation proves which
/// of them have changed since.
struct AccountMemory: Sendable {
  let directory: AccountDirectory
  /// The look before which nothing that was told counts.
  let look: Int
  /// When all of them were read.
  let readAt: Instant
  /// What was asked of them.
  private let question: Question

  struct Question: Equatable, Sendable {
    let names: [String]
    let attributes: [String]
    let disable: DisableRule?
  }

  /// `nil` if not all of them were read.
  init?(_ directory: AccountDirectory, _ question: Question, look: Int, readAt: Instant) {
    guard directory.coverage.isComplete else { return nil }
    (self.directory, self.question, self.look, self.readAt) = (directory, question, look, readAt)
  }

  /// Whether, with what `look` tells, these are all there are at `now`.
  func answers(
    _ question: Question, _ look: AccountWatch.Look, notOlderThan age: Duration, at now: Instant
  ) -> Bool {
    let passed = now.since(readAt)
    return look.previous == self.look && look.touched != nil && question == self.question
      && passed >= .zero && passed < age
  }
}

/// Reads again those entries of the accounts' branch that were touched since all accounts were read.
struct AccountRefresh {
  private let layout: Layout
  private let filter: Filter
  private var columns: AccountColumns
  private var found: AccountRows
  private var positions: [Int?]
  /// Names that had another entry, or none: what lay below them may lie elsewhere now.
  private var unsettled: Set<Substring> = []
  private var removed: Set<Int> = []

  private static let hasSubordinates = "hasSubordinates"

  /// `columns` and `filter` as all accounts were asked for.
  init(_ layout: Layout, _ columns: AccountColumns, filter: Filter) {
    (self.layout, self.columns, self.filter) = (layout, columns, filter)
    found = AccountRows(layout)
    positions = []
  }

  /// The accounts as they are now, given how they were and which names were touched since. `nil` where
  /// the entries of those names do not tell: one of them has others below it, or had, an account has
  /// gone to another name, or an entry has left the branch.
  mutating func read(
    _ names: Set<String>, of rows: AccountRows, on connection: isolated LDAPConnection
  ) -> AccountRows? {
    var touched: [DistinguishedName] = []
    for name in names.sorted() {
      do throws(DNSyntaxError) {
        let name = try DistinguishedName(parsing: name)
        guard name.isSameOrDescendant(of: layout.accountsBase) else { return nil }
        touched.append(name)
      } catch {
        return nil
      }
    }
    guard let heads = heads(of: touched, on: connection),
      readAccounts(touched, on: connection)
    else { return nil }
    for (number, name) in touched.enumerated() {
      guard settle(name, heads[number], positions[number], rows) else { return nil }
    }
    return merged(into: rows)
  }

  /// Whether each entry has others below it; `nil` for one that is not there.
  private func heads(
    of names: [DistinguishedName], on connection: isolated LDAPConnection
  ) -> [LDAPRecord?]? {
    var records = [LDAPRecord?](repeating: nil, count: names.count)
    let results = connection.perform(
      names.map {
        .search(LDAPSearch(base: $0, scope: .base, attributes: [Self.hasSubordinates]))
      }
    ) { records[$0] = LDAPRecord($1) }
    let areClear = results.indices.allSatisfy {
      results[$0].isComplete ? records[$0] != nil : results[$0].result.code == .noSuchObject
    }
    return areClear ? records : nil
  }

  /// `false` if one of them could not be read to its end.
  private mutating func readAccounts(
    _ names: [DistinguishedName], on connection: isolated LDAPConnection
  ) -> Bool {
    var positions = [Int?](repeating: nil, count: names.count)
    var isWhole = true
    let results = connection.perform(
      names.map {
        .search(LDAPSearch(base: $0, scope: .base, filter: filter, attributes: columns.names))
      }
    ) { number, entry in
      positions[number] = found.accounts.count
      if !columns.append(entry, to: &found) { isWhole = false }
    }
    self.positions = positions
    return isWhole
      && results.allSatisfy { $0.isComplete || $0.result.code == .noSuchObject }
  }

  private mutating func settle(
    _ name: DistinguishedName, _ head: LDAPRecord?, _ position: Int?, _ rows: AccountRows
  ) -> Bool {
    let before = rows.accounts.position(of: AccountKey(name.normalised))
    let now = position.map { found.accounts[$0] }
    if let before { removed.insert(before) }
    if let before, let now, rows.accounts[before].identity == now.identity { return true }
    unsettled.insert(Substring(name.normalised))
    return head.map { $0[Self.hasSubordinates] == ["FALSE"] } ?? (now == nil)
  }

  private func merged(into rows: AccountRows) -> AccountRows? {
    let moved = Set(found.accounts.map(\.identity.immutableID))
    if !unsettled.isEmpty {
      for (position, account) in rows.accounts.enumerated() {
        let isElsewhere =
          !removed.contains(position)
          && moved.contains(account.identity.immutableID)
        if isElsewhere || isBelowUnsettled(account.key.rawValue) { return nil }
      }
    }
    var merged = rows
    merged.replace(removed, with: found)
    return merged
  }

  /// Every comma is taken for one between levels: one too many asks for more, never for less.
  private func isBelowUnsettled(_ name: String) -> Bool {
    var rest = name[...]
    while let comma = rest.utf8.firstIndex(of: UInt8(ascii: ",")) {
      rest = rest[rest.utf8.index(after: comma)...]
      if unsettled.contains(rest) { return true }
    }
    return false
  }
}
