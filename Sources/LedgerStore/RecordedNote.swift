import AccessModel

/// A note about a target as the journal keeps it.
struct RecordedNote: Codable {
  let kind: String
  let run: String
  let target: String
  var group: String?
  var subject: String?
  var account: String?
  var immutableID: String?
  var origin: String?
  var because: [String]?

  static let (membership, membershipGone) = ("membership", "membershipGone")
  static let (account, accountGone, group) = ("account", "accountGone", "group")

  init(_ note: OwnershipNote, target: TargetID, run: RunID) {
    (self.run, self.target) = (run.rawValue, target.rawValue)
    switch note {
    case .membership(let group, let subject, let origin, let because):
      kind = Self.membership
      (self.group, self.subject) = (group.rawValue, subject.rawValue)
      (self.origin, self.because) = (origin.rawValue, because.map(\.description))
    case .membershipGone(let group, let subject, _):
      kind = Self.membershipGone
      (self.group, self.subject) = (group.rawValue, subject.rawValue)
    case .account(let subject, let identity, let origin, let because):
      kind = Self.account
      (self.subject, account) = (subject.rawValue, identity.key.rawValue)
      immutableID = identity.immutableID
      (self.origin, self.because) = (origin.rawValue, because.map(\.description))
    case .accountGone(let subject):
      kind = Self.accountGone
      self.subject = subject.rawValue
    case .group(let key, let immutableID, let origin):
      kind = Self.group
      (group, self.immutableID) = (key.rawValue, immutableID)
      self.origin = origin.rawValue
    }
  }
}

/// Which plan the intents that follow carry out.
struct RecordedPlan: Codable {
  let digest: String
  let changes: Int
  let target: String
  let run: String
}

/// Who released what was held, and why.
struct RecordedRelease: Codable {
  let name: String
  let reason: String
}
