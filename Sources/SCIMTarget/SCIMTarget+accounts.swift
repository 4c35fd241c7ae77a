internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  /// Searches before it writes, unless this run has read every user; and again after a refusal or a
  /// lost answer: many services call a user that exists a conflict only sometimes, and a POST must
  /// not be sent twice.
  func createAccount(
    _ account: AccountReference, _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    let user: NewUser
    switch newUser(account, attributes, capabilities) {
    case .success(let wanted): user = wanted
    case .failure(let settled): return settled.outcome
    }
    let isNew = isNew(user)
    inSession { $0.triedSubjects.insert(user.subject) }
    if !isNew, let outcome = try await existing(user, capabilities) { return outcome }
    let written: ServiceProvider.Written
    do throws(SCIMError) {
      written = try await provider.create(
        .user, user.body(for: capabilities.userSchema), capabilities)
    } catch {
      // Some services call a conflict 400; for that the filters must do.
      guard error.isRefusal || error.mayHaveHappened else { throw error }
      let isThorough = error.status != 400 && inSession { $0.fruitlessSearches < 3 }
      return try await error.outcome(orAsRead: { () async throws(SCIMError) in
        let found = try await existing(user, exhaustively: isThorough, capabilities)
        if found == nil, isThorough { inSession { $0.fruitlessSearches += 1 } }
        return found
      })
    }
    guard let made = await made(user, written, isNew: isNew, capabilities) else {
      let notShown = "the service accepted the user and does not show it yet"
      do throws(SCIMError) {
        return try await existing(user, capabilities) ?? .unknown(reason: notShown)
      } catch {
        return .unknown(reason: "\(notShown): \(error)")
      }
    }
    inSession { $0.created.insert(made.id) }
    await settle(user, as: made, id: made.id, capabilities)
    return .applied(identity: AccountIdentity(id: made.id))
  }

  /// The user that was just made. Where the answer does not hold it, a Location is looked at, for it
  /// need not end with the id; then whoever has the name is looked for, if nobody had it before and the
  /// service says that it made somebody.
  private func made(
    _ user: NewUser, _ written: ServiceProvider.Written, isNew: Bool, _ capabilities: Capabilities
  ) async -> Resource? {
    if let resource = written.resource { return resource }
    do throws(SCIMError) {
      if let id = written.id, let found = try await provider.get(.user, id: id, capabilities),
        SearchKey.userName(user.userName).matches(found)
      {
        return found
      }
      guard isNew, written.isCreation else { return nil }
      let found = try await find([.userName(user.userName)], exhaustively: true, capabilities)
      return found.count == 1 ? found[0] : nil
    } catch {
      return nil
    }
  }

  /// What is to be made for a subject, or why it cannot be.
  func newUser(
    _ account: AccountReference, _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) -> Result<NewUser, Settled> {
    func refused(_ reason: String) -> Result<NewUser, Settled> {
      .failure(Settled(outcome: .refused(reason: reason)))
    }
    guard let subject = account.subject else {
      return refused("an account without a subject cannot carry an anchor")
    }
    let writes: [AttributeWrite]
    switch AttributeWrite.parse(attributes, for: capabilities.userSchema) {
    case .success(let parsed): writes = parsed
    case .failure(let fault): return refused(fault.description)
    }
    guard let userName = writes.first(where: { $0.path.name == "userName" })?.after.first else {
      return refused("the mapping gives no userName, which every SCIM user must have")
    }
    guard !configuration.isProtected(userName) else {
      return refused("this userName is protected")
    }
    return .success(NewUser(subject: subject, userName: userName, writes: writes))
  }

  /// Compares a new user with what was sent. What the service left out is sent once more on its own;
  /// if that does not help either, the service has no place for it, and this is remembered. The user
  /// is made, whatever comes of it: what is refused here is planned again.
  func settle(
    _ user: NewUser, as resource: Resource?, id: String, _ capabilities: Capabilities
  ) async {
    guard let resource, resource.text("userName") != nil else { return }
    var missing: [AttributeWrite] = []
    for write in user.writes {
      guard let kept = write.kept(in: resource) else { continue }
      if kept.kept.isEmpty, !knows({ $0.drops("\(write.path)") }) {
        missing.append(write)
      } else {
        remember(kept, write, id)
      }
    }
    guard !missing.isEmpty else { return }
    do throws(SCIMError) {
      _ = try await write(missing, to: AccountIdentity(id: id), capabilities)
    } catch {
      return
    }
    for write in missing where knows({ $0.kept("\(write.path)", of: id)?.kept.isEmpty == true }) {
      knows { $0.learnDropped("\(write.path)") }
    }
  }

  func remember(_ kept: Knowledge.Kept?, _ write: AttributeWrite, _ id: String) {
    guard write.path != .active else { return }
    knows { $0.learn(kept, "\(write.path)", of: id) }
  }

  /// What is there for this subject already: ours, someone else's, or `nil` for nothing. Ours is
  /// made active and given the values it should have: whoever comes back finds the account that the
  /// service had only set aside.
  private func existing(
    _ user: NewUser, exhaustively: Bool = false, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome? {
    let found = try await find(
      [.anchor(user.subject), .userName(user.userName)], exhaustively: exhaustively, capabilities)
    let ours = found.filter { SearchKey.anchor(user.subject).matches($0) }
    if ours.count > 1 {
      return .refused(
        reason: "\(ours.count) users carry this subject's anchor (externalId); remove all but one")
    }
    if let existing = ours.first {
      let identity = AccountIdentity(id: existing.id)
      var writes = user.writes.filter { !isSettled($0, in: existing) }
        .map { write in
          AttributeWrite(
            path: write.path, before: write.path.values(in: existing.body), after: write.after)
        }
      if !existing.isActive, !writes.contains(where: { $0.path == .active }) {
        writes.append(.active(true))
      }
      if writes.isEmpty { return .alreadyInState(identity: identity) }
      let outcome = try await write(writes, to: identity, capabilities)
      return outcome.isDone ? .alreadyInState(identity: identity) : outcome
    }
    guard let other = found.first else { return nil }
    return .refused(
      reason: "conflict: the userName belongs to user \(other.id), which does not carry this "
        + "subject's anchor; if it is the same person, set 'correlation: adopt' in the mapping's "
        + "accounts rule")
  }

  /// Whether a user has the value, or what the service is known to make of it.
  private func isSettled(_ write: AttributeWrite, in user: Resource) -> Bool {
    if write.isDone(in: user) { return true }
    guard let kept = knows({ $0.kept("\(write.path)", of: user.id) }) else { return false }
    return kept.sent == write.after && kept.kept == write.path.values(in: user.body)
  }

  func updateAccount(
    _ account: AccountReference, _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    guard let identity = account.identity else { return .failed(.skipChange, reason: noIdentity) }
    switch AttributeWrite.parse(attributes, for: capabilities.userSchema) {
    case .failure(let fault): return .refused(reason: fault.description)
    case .success(let writes): return try await write(writes, to: identity, capabilities)
    }
  }

  func setActive(
    _ isActive: Bool, _ account: AccountReference, _ rule: DisableRule,
    _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    guard rule == .deactivate else {
      return .refused(reason: "a SCIM account can only be disabled by active: false")
    }
    guard let identity = account.identity else { return .failed(.skipChange, reason: noIdentity) }
    let writes: [AttributeWrite]
    let others = attributes.filter { $0.name != AttributeWrite.activeName }
    switch AttributeWrite.parse(others, for: capabilities.userSchema) {
    case .failure(let fault): return .refused(reason: fault.description)
    case .success(let parsed): writes = parsed + [.active(isActive)]
    }
    guard let user = try await provider.get(.user, id: identity.immutableID, capabilities) else {
      // Some services hide a user while it is inactive, so a missing one may come back.
      return isActive
        ? try await write(writes, to: identity, capabilities)
        : .alreadyInState(identity: identity)
    }
    if user.isActive == isActive, writes.allSatisfy({ $0.isDone(in: user) }) {
      return .alreadyInState(identity: identity)
    }
    return try await write(writes, to: identity, capabilities)
  }

  /// Only what is disabled is deleted: disabling can be undone and comes first.
  func deleteAccount(
    _ account: AccountReference, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    guard let identity = account.identity else { return .failed(.skipChange, reason: noIdentity) }
    guard dialect.deletion == .removes else {
      return .refused(
        reason: "the service does not delete users (dialect \(dialect.name)); the account stays "
          + "inactive; leave deleteAfter out of the mapping for it")
    }
    let id = identity.immutableID
    guard let user = try await provider.get(.user, id: id, capabilities) else {
      return .alreadyInState(identity: identity)
    }
    if isProtected(user) { return .refused(reason: "the account is protected") }
    guard !user.isActive else {
      return .refused(reason: "the account is active; only a disabled one is deleted")
    }
    do throws(SCIMError) {
      guard try await provider.delete(.user, id: id, capabilities) else {
        return .alreadyInState(identity: identity)
      }
    } catch {
      guard error.mayHaveHappened else { throw error }
      return try await provider.get(.user, id: id, capabilities) == nil
        ? .applied(identity: identity) : error.outcomeWithoutEffect
    }
    guard try await provider.get(.user, id: id, capabilities) == nil else {
      return .refused(
        reason:
          "the service accepts the deletion and keeps the account, inactive; leave deleteAfter "
          + "out of the mapping for it")
    }
    return .applied(identity: identity)
  }

  func isProtected(_ user: Resource) -> Bool {
    configuration.isProtected(user.id) || configuration.isProtected(user.text("userName"))
  }

  private var noIdentity: String { "the account does not exist yet" }
}

extension AccountIdentity {
  /// A SCIM `id` is both what requests name an account by and what never changes.
  init(id: String) { self.init(key: AccountKey(id), immutableID: id) }
}
