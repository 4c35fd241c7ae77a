import AccessModel

/// What a reading proved of the accounts: which entry goes by which name, and what of it stands in
/// groups. Holds for as long as a large batch takes to be checked anew.
struct AccountProofs: Sendable {
  /// How long a reading proves anything to a write that follows it.
  static let validity = Duration.seconds(10)

  private let accounts: [ActualAccount]
  /// For each column, the values by position; `nil` where it is the name as the server spells it.
  private let columns: [[String?]]
  let readAt: ContinuousClock.Instant

  init(_ accounts: [ActualAccount], columns: [[String?]]) {
    self.accounts = accounts
    self.columns = columns
    readAt = .now
  }

  var count: Int { accounts.count }

  func isValid(at now: ContinuousClock.Instant) -> Bool { now - readAt < Self.validity }

  /// One for each column; `nil` if the reading did not show this account under this name, or not all
  /// that stands in groups.
  func values(of identity: AccountIdentity) -> [[UInt8]]? {
    var low = 0
    var high = accounts.count
    while low < high {
      let middle = (low + high) / 2
      if accounts[middle].key < identity.key { low = middle + 1 } else { high = middle }
    }
    guard low < accounts.count, accounts[low].identity == identity else { return nil }
    let values = columns.compactMap { $0[low].map { Array($0.utf8) } }
    return values.count == columns.count ? values : nil
  }
}
