import AccessModel

/// Finding a subject's account in what was read: one, none, or a reason why it must not be guessed.
enum Correlation: Equatable {
  /// The account at this position, ours by the ledger's immutable id, by our anchor or by adoption.
  case linked(Int, adopting: Bool)
  case unmatched
  /// Several accounts, or one that is not proven to be the subject's: no link, no write.
  case conflict(reason: String)
}

/// Looks subjects up in one target's accounts.
struct Correlator {
  private let actual: ActualState
  private let rule: CorrelationRule
  private let owned: [SubjectID: Ownership.Account]
  private var byImmutableID: [String: Int] = [:]
  private var byKey: [AccountKey: Int] = [:]
  private var byAnchor: [SubjectID: [Int]] = [:]
  private var byNaturalKey: [String: [Int]] = [:]

  init(_ actual: ActualState, owned: [Ownership.Account], rule: CorrelationRule) {
    self.actual = actual
    self.rule = rule
    self.owned = Dictionary(
      owned.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
    for (position, account) in actual.accounts.enumerated() {
      byImmutableID[account.identity.immutableID] = position
      byKey[account.key] = position
      if let anchor = account.anchor { byAnchor[anchor, default: []].append(position) }
      if let key = account.naturalKey {
        byNaturalKey[Self.folded(key), default: []].append(position)
      }
    }
  }

  /// Directories and SCIM providers compare these without regard to case; the server has the last
  /// word when the account is created.
  private static func folded(_ key: String) -> String { key.lowercased() }

  /// The account a ledger row names, if it is still there.
  func position(of account: Ownership.Account) -> Int? {
    byImmutableID[account.identity.immutableID]
  }

  func correlate(_ subject: SubjectID, naturalKey: String?) -> Correlation {
    if let row = owned[subject], row.origin != .intended {
      if let position = position(of: row) { return linked(position, subject) }
      if let stranger = byKey[row.identity.key].map({ actual.accounts[$0] }) {
        return .conflict(
          reason: "\(stranger.key) is not the account we knew: its immutable id is "
            + "\(stranger.identity.immutableID), ours was \(row.identity.immutableID)")
      }
    }
    if let positions = byAnchor[subject] {
      guard let position = positions.first, positions.count == 1 else {
        let keys = positions.map { actual.accounts[$0].key.rawValue }.sorted()
        return .conflict(
          reason: "\(keys.count) accounts carry the anchor of this subject: "
            + keys.joined(separator: "; "))
      }
      return .linked(position, adopting: false)
    }
    if let naturalKey, let positions = byNaturalKey[Self.folded(naturalKey)] {
      return taken(naturalKey, by: positions)
    }
    guard actual.coverage.isComplete else {
      return .conflict(reason: "its account was not seen, but not all accounts could be read")
    }
    return .unmatched
  }

  private func linked(_ position: Int, _ subject: SubjectID) -> Correlation {
    let account = actual.accounts[position]
    if let anchor = account.anchor, anchor != subject {
      return .conflict(
        reason: "\(account.key) is recorded as this subject's but carries the anchor \(anchor)")
    }
    return .linked(position, adopting: false)
  }

  private func taken(_ naturalKey: String, by positions: [Int]) -> Correlation {
    guard let position = positions.first, positions.count == 1 else {
      return .conflict(reason: "\(positions.count) accounts are named '\(naturalKey)'")
    }
    let account = actual.accounts[position]
    if let anchor = account.anchor {
      return .conflict(
        reason: "'\(naturalKey)' is taken by \(account.key), which carries the anchor \(anchor)")
    }
    guard rule == .adopt else {
      return .conflict(
        reason: "'\(naturalKey)' is taken by \(account.key), which is not ours; if it is the same "
          + "person, set 'correlation: adopt' in the mapping's accounts rule")
    }
    return .linked(position, adopting: true)
  }
}
