import AccessModel
import Legibility

/// Finding a subject's account in what was read: one, none, or a reason why it must not be guessed.
enum Correlation: Equatable {
  /// The account at this position, ours by the ledger's immutable id, by our anchor or by adoption.
  case linked(Int, adopting: Bool)
  case unmatched
  /// Several accounts, or one that is not proven to be the subject's: no link, no write. The
  /// positions are those of the accounts in question.
  case conflict(reason: String, [Int] = [])
}

/// Looks subjects up in one target's accounts. It keeps an index of what can be asked of it alone: most
/// accounts of a directory are nobody's that a plan is about.
struct Correlator {
  private let actual: ActualState
  private let rule: CorrelationRule
  private let owned: [Ownership.Account]
  private let ownedPositions: [SubjectID: Int]
  /// Subjects by the immutable id of their account; only where accounts may be adopted.
  private let owners: [String: SubjectID]
  /// The natural key of each subject that may be asked for.
  private let sought: [SubjectID: String?]
  private var byImmutableID: [String: Int] = [:]
  private var byAnchor = Index<SubjectID>()
  private var byNaturalKey = Index<String>()

  /// Positions by a key that should be unique; repetitions are rare and kept apart.
  private struct Index<Key: Hashable> {
    private var first: [Key: Int] = [:]
    private var more: [Key: [Int]] = [:]

    mutating func insert(_ key: Key, _ position: Int) {
      if let earlier = first[key] {
        more[key, default: [earlier]].append(position)
      } else {
        first[key] = position
      }
    }

    subscript(key: Key) -> [Int] { more[key] ?? first[key].map { [$0] } ?? [] }
  }

  /// `sought` are the subjects that need an account, with the natural keys that they should have.
  init(
    _ actual: ActualState, sought: [SubjectID: String?], owned: [Ownership.Account],
    rule: CorrelationRule
  ) {
    self.actual = actual
    self.rule = rule
    self.owned = owned
    self.sought = sought
    ownedPositions = Dictionary(
      owned.enumerated().map { ($1.subject, $0) }, uniquingKeysWith: { first, _ in first })
    owners = Dictionary(
      (rule == .adopt ? owned : []).map { ($0.identity.immutableID, $0.subject) },
      uniquingKeysWith: { first, _ in first })
    let ids = Set(owned.map(\.identity.immutableID))
    for (position, account) in actual.accounts.enumerated() {
      if ids.contains(account.identity.immutableID) {
        byImmutableID[account.identity.immutableID] = position
      }
      if let anchor = account.anchor, sought[anchor] != nil || ownedPositions[anchor] != nil {
        byAnchor.insert(anchor, position)
      }
    }
    indexNaturalKeys()
  }

  /// Of those alone whom neither the ledger nor an anchor leads to an account.
  private mutating func indexNaturalKeys() {
    var keys: Set<String> = []
    for (subject, naturalKey) in sought {
      let isKnown = ownedAccount(of: subject).flatMap { position(of: $0) } != nil
      guard let naturalKey, !isKnown, byAnchor[subject].isEmpty else { continue }
      keys.insert(Self.folded(naturalKey))
    }
    guard !keys.isEmpty else { return }
    for (position, account) in actual.accounts.enumerated() {
      guard let key = account.naturalKey.map(Self.folded), keys.contains(key) else { continue }
      byNaturalKey.insert(key, position)
    }
  }

  /// Directories and SCIM providers compare these without regard to case, and people by what they
  /// look like; the server has the last word when the account is created.
  private static func folded(_ key: String) -> String { likeness(of: key) }

  /// The ledger's row of a subject.
  func ownedAccount(of subject: SubjectID) -> Ownership.Account? {
    ownedPositions[subject].map { owned[$0] }
  }

  /// The account a ledger row names, if it is still there. One that was only intended has no id yet,
  /// but carries the anchor if it was made.
  func position(of account: Ownership.Account) -> Int? {
    guard account.origin == .intended else { return byImmutableID[account.identity.immutableID] }
    let anchored = byAnchor[account.subject]
    return anchored.count == 1 ? anchored[0] : nil
  }

  /// The account that a target knows by this key now.
  private func account(at key: AccountKey) -> ActualAccount? {
    actual.accounts.position(of: key, by: \.key).map { actual.accounts[$0] }
  }

  /// The subject must be one of those sought.
  func correlate(_ subject: SubjectID) -> Correlation {
    guard let naturalKey = sought[subject] else { preconditionFailure("\(subject) is not sought") }
    if let row = ownedAccount(of: subject), row.origin != .intended {
      if let position = position(of: row) { return linked(position, subject) }
      if let stranger = account(at: row.identity.key) {
        return .conflict(
          reason: "\(stranger.key) is not the account we knew: its immutable id is "
            + "\(stranger.identity.immutableID), ours was \(row.identity.immutableID)")
      }
    }
    let anchored = byAnchor[subject]
    if anchored.count > 1 {
      let keys = anchored.map { actual.accounts[$0].key.rawValue }.sorted()
      return .conflict(
        reason: "\(keys.count) accounts carry the anchor of this subject: "
          + keys.joined(separator: "; "), anchored)
    }
    if let position = anchored.first { return .linked(position, adopting: false) }
    if let naturalKey {
      let positions = byNaturalKey[Self.folded(naturalKey)]
      if !positions.isEmpty { return taken(naturalKey, by: positions) }
    }
    if case .partial(let reason) = actual.coverage {
      return .conflict(
        reason: "its account was not seen, but not all accounts could be read: \(reason)")
    }
    return .unmatched
  }

  private func linked(_ position: Int, _ subject: SubjectID) -> Correlation {
    let account = actual.accounts[position]
    if let anchor = account.anchor, anchor != subject {
      return .conflict(
        reason: "\(account.key) is recorded as this subject's but carries the anchor \(anchor)",
        [position])
    }
    return .linked(position, adopting: false)
  }

  private func taken(_ naturalKey: String, by positions: [Int]) -> Correlation {
    guard let position = positions.first, positions.count == 1 else {
      return .conflict(
        reason: "\(positions.count) accounts are named '\(naturalKey)'", positions)
    }
    let account = actual.accounts[position]
    if let anchor = account.anchor {
      return .conflict(
        reason: "'\(naturalKey)' is taken by \(account.key), which carries the anchor \(anchor)")
    }
    if let owner = owners[account.identity.immutableID] {
      return .conflict(
        reason: "'\(naturalKey)' is taken by \(account.key), which is recorded as that of subject "
          + "\(owner)", [position])
    }
    guard rule == .adopt else {
      return .conflict(
        reason: "'\(naturalKey)' is taken by \(account.key), which is not ours; if it is the same "
          + "person, set 'correlation: adopt' in the mapping's accounts rule", [position])
    }
    return .linked(position, adopting: true)
  }
}
