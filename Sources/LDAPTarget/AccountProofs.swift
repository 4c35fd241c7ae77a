import AccessModel

/// What a reading proved of the accounts: which entry goes by which name, and what of it stands in
/// groups. Holds for as long as a large batch takes to be checked anew.
struct AccountProofs: Sendable {
  /// How long a reading proves anything to a write that follows it.
  static let validity = Duration.seconds(10)

  private let accounts: [ActualAccount]
  private let columns: [Column]
  let readAt: ContinuousClock.Instant

  /// What stands in one column of groups, by position. No enumeration: a copy of its payload for each
  /// account would cost more than all the rest.
  struct Column {
    /// The names as the server spells them; empty where something else stands in groups.
    fileprivate var names: [String] = []
    fileprivate var values: [String?] = []
    /// Finds accounts by their names.
    fileprivate var table: MemberTable?

    static func names(_ names: [String], _ table: MemberTable) -> Column {
      Column(names: names, table: table)
    }

    static func values(_ values: [String?]) -> Column { Column(values: values) }
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
  /// `number` is that of its name in the table that `values` began with.
  func note(
    _ identity: AccountIdentity, _ number: Int, as row: Int, in values: inout MemberValues
  ) -> Bool {
    guard let position = position(of: identity.key), accounts[position].identity == identity
    else { return false }
    for place in columns.indices
    where columns[place].table == nil && columns[place].values[position] == nil { return false }
    for place in columns.indices {
      if columns[place].table != nil {
        values.set(
          columns[place].names[position].utf8, key: identity.key.rawValue.utf8, number: number,
          of: row, in: place)
      } else if let value = columns[place].values[position] {
        values.set(value.utf8, key: value.utf8, of: row, in: place)
      }
    }
    return true
  }

  private func position(of key: AccountKey) -> Int? {
    if !columns.isEmpty, columns[0].table != nil {
      guard case .account(let position)? = columns[0].table?.holder(of: key.rawValue.utf8) else {
        return nil
      }
      return position
    }
    return accounts.position(of: key)
  }
}
