import AccessModel

extension InMemoryTarget {
  /// Sends one change to the directory and says what became of it, as an adapter does: 16 and 20 are
  /// already in state, anything else the directory refuses is refused.
  func perform(_ change: Change) -> Outcome {
    do throws(InMemoryDirectory.Refusal) {
      return try attempt(change)
    } catch {
      return switch error {
      case .noSuchAttribute, .attributeOrValueExists: .alreadyInState()
      default: .refused(reason: "result \(error.rawValue) (\(error))")
      }
    }
  }

  private func attempt(_ change: Change) throws(InMemoryDirectory.Refusal) -> Outcome {
    switch change {
    case .createAccount(let account, let attributes, _):
      return try create(account, attributes)
    case .updateAccount(let account, let attributes, _):
      return try modify(account) { $0.apply(attributes) }
    case .enableAccount(let account, let rule, let attributes, _):
      return try enable(account, rule, attributes)
    case .disableAccount(let account, let rule, _):
      return try disable(account, rule)
    case .deleteAccount(let account, _):
      return try delete(account)
    case .createGroup(let key, _):
      return try create(key)
    case .addMember(let membership, _):
      let member = try member(membership)
      try directory.addMember(member, to: membership.group)
      return .applied()
    case .removeMember(let membership, _):
      let member = try member(membership)
      try directory.removeMember(member, from: membership.group)
      return .applied(changedAt: directory.groups[membership.group]?.changedAt)
    }
  }

  private func create(
    _ account: AccountReference, _ attributes: [AttributeChange]
  ) throws(InMemoryDirectory.Refusal) -> Outcome {
    let values = Dictionary(
      attributes.map { ($0.name, $0.after) }, uniquingKeysWith: { $0 + $1 })
    guard let uid = values["uid"]?.first else { throw .objectClassViolation }
    let key = Self.accountKey(uid: uid)
    if let found = directory.accounts[key], let anchor = found.anchor, anchor == account.subject {
      return .alreadyInState(
        identity: AccountIdentity(key: key, immutableID: found.immutableID))
    }
    try directory.addAccount(key, anchor: account.subject, attributes: values)
    return .applied(identity: identity(of: key))
  }

  private func create(_ group: EntitlementKey) throws(InMemoryDirectory.Refusal) -> Outcome {
    if let found = directory.groups[group] { return .alreadyInState(groupID: found.immutableID) }
    try directory.addGroup(group)
    return .applied(groupID: directory.groups[group]?.immutableID)
  }

  private func enable(
    _ account: AccountReference, _ rule: DisableRule, _ attributes: [AttributeChange]
  ) throws(InMemoryDirectory.Refusal) -> Outcome {
    switch rule {
    case .set(let values):
      return try modify(account) { entry in
        for (name, disabled) in values where entry.attributes[name, default: []] == disabled {
          entry.attributes[name] = []
        }
        entry.apply(attributes)
      }
    case .moveTo:
      let moved = try move(account, below: "ou=guests,dc=test")
      guard !attributes.isEmpty, let identity = moved.identity else { return moved }
      try directory.modifyAccount(identity.key) { $0.apply(attributes) }
      return .applied(identity: identity)
    case .deactivate:
      return try modify(account) { entry in
        entry.isActive = true
        entry.apply(attributes)
      }
    }
  }

  private func disable(
    _ account: AccountReference, _ rule: DisableRule
  ) throws(InMemoryDirectory.Refusal) -> Outcome {
    switch rule {
    case .set(let values):
      try modify(account) { $0.attributes.merge(values) { _, new in new } }
    case .moveTo(let base): try move(account, below: base)
    case .deactivate: try modify(account) { $0.isActive = false }
    }
  }

  private func delete(_ account: AccountReference) throws(InMemoryDirectory.Refusal) -> Outcome {
    guard let key = account.identity?.key, directory.accounts[key] != nil else {
      return .alreadyInState()
    }
    try directory.deleteAccount(try entry(account))
    return .applied()
  }

  private func modify(
    _ account: AccountReference, _ body: (inout InMemoryDirectory.Account) -> Void
  ) throws(InMemoryDirectory.Refusal) -> Outcome {
    let key = try entry(account)
    let before = directory.accounts[key]
    try directory.modifyAccount(key, body)
    let isChanged = directory.accounts[key] != before
    return isChanged
      ? .applied(identity: identity(of: key)) : .alreadyInState(identity: identity(of: key))
  }

  private func move(
    _ account: AccountReference, below base: String
  ) throws(InMemoryDirectory.Refusal) -> Outcome {
    guard let identity = account.identity else { throw .noSuchObject }
    let rdn = identity.key.rawValue.prefix { $0 != "," }
    let destination = AccountKey("\(rdn),\(base)")
    if directory.accounts[destination]?.immutableID == identity.immutableID {
      return .alreadyInState(identity: self.identity(of: destination))
    }
    try directory.moveAccount(try entry(account), to: destination)
    return .applied(identity: self.identity(of: destination))
  }

  /// The account's key, if the entry under it is still the one the change means.
  private func entry(_ account: AccountReference) throws(InMemoryDirectory.Refusal) -> AccountKey {
    guard let identity = account.identity, let found = directory.accounts[identity.key] else {
      throw .noSuchObject
    }
    guard found.immutableID == identity.immutableID else { throw .unwillingToPerform }
    return identity.key
  }

  /// The member's key, if neither the group nor the account under its name is another one by now.
  private func member(_ membership: Membership) throws(InMemoryDirectory.Refusal) -> AccountKey {
    guard let group = directory.groups[membership.group] else { throw .noSuchObject }
    if let expected = membership.groupID, expected != group.immutableID {
      throw .unwillingToPerform
    }
    guard let identity = membership.account.identity else { throw .noSuchObject }
    if let found = directory.accounts[identity.key], found.immutableID != identity.immutableID {
      throw .unwillingToPerform
    }
    return identity.key
  }

  private func identity(of key: AccountKey) -> AccountIdentity? {
    directory.accounts[key].map { AccountIdentity(key: key, immutableID: $0.immutableID) }
  }
}

extension InMemoryDirectory.Account {
  fileprivate mutating func apply(_ changes: [AttributeChange]) {
    for change in changes { attributes[change.name] = change.after }
  }
}
