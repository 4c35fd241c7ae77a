import AccessModel

/// What a reading proved of the accounts: which entry goes by which name, and what of it stands in
/// groups. Holds for as long as a large batch takes to be checked anew.
struct AccountProofs: Sendable {
  /// How long a reading proves anything to a write that follows it.
  static let validity = Duration.seconds(10)

  private let accounts: [ActualAccount]
  /// For each column, the values by position; `nil` where it is the name as the server spells it.
  private let columns: [Column]
  let readAt: ContinuousClock.Instant

  enum Column {
    /// The names as the server spells them, and the table that finds accounts by them.
    case names([String], MemberTable)
    case values([String?])
  }

  init(_ accounts: [ActualAccount], columns: [Column], readAt: ContinuousClock.Instant) {
    self.accounts = accounts
    self.columns = columns
    self.readAt = readAt
  }

  var count: Int { accounts.count }

  func isValid(at now: ContinuousClock.Instant) -> Bool { now - readAt < Self.validity }

  /// Notes what stands in groups for an account. `false`, and nothing is noted, if the reading did not
  /// show this account under this name, or not all that stands in groups.
  func note(_ identity: AccountIdentity, as row: Int, in values: inout MemberValues) -> Bool {
    guard let position = position(of: identity.key), accounts[position].identity == identity
    else { return false }
    for case .values(let list) in columns where list[position] == nil { return false }
    for (number, column) in columns.enumerated() {
      switch column {
      case .names(let names, _):
        values.set(
          names[position].utf8, key: identity.key.rawValue.utf8, of: row, in: number)
      case .values(let list):
        if let value = list[position] {
          values.set(value.utf8, key: value.utf8, of: row, in: number)
        }
      }
    }
    return true
  }

  private func position(of key: AccountKey) -> Int? {
    if case .names(_, let table) = columns.first {
      guard case .account(let position) = table.holder(of: key.rawValue.utf8) else { return nil }
      return position
    }
    return accounts.position(of: key)
  }
}
