internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  /// Searches before it writes, and again after a refusal or a lost answer: many services call a
  /// user that exists a conflict only sometimes, and a POST must not be sent twice.
  func createAccount(
    _ account: AccountReference, _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    guard let subject = account.subject else {
      return .refused(reason: "an account without a subject cannot carry an anchor")
    }
    let writes: [AttributeWrite]
    switch AttributeWrite.parse(attributes) {
    case .success(let parsed): writes = parsed
    case .failure(let fault): return .refused(reason: fault.description)
    }
    guard let userName = writes.first(where: { $0.path.name == "userName" })?.after.first else {
      return .refused(reason: "the mapping gives no userName, which every SCIM user must have")
    }
    guard !configuration.isProtected(userName) else {
      return .refused(reason: "this userName is protected")
    }
    if let outcome = try await existing(subject, userName, capabilities) { return outcome }
    let newID: String?
    do throws(SCIMError) {
      newID = try await provider.create(.user, newUser(subject, writes), capabilities)
    } catch {
      guard error.status == 409 || error.mayHaveHappened else { throw error }
      return try await existing(subject, userName, exhaustively: true, capabilities)
        ?? error.outcomeWithoutEffect
    }
    if let newID { return .applied(identity: AccountIdentity(id: newID)) }
    return try await existing(subject, userName, capabilities)
      ?? .unknown(reason: "the service accepted the user and does not show it yet")
  }

  /// What is there for this subject already: ours, someone else's, or `nil` for nothing.
  private func existing(
    _ subject: SubjectID, _ userName: String, exhaustively: Bool = false,
    _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome? {
    let ours = try await find(.anchor(subject), exhaustively: exhaustively, capabilities)
    if ours.count > 1 {
      return .refused(
        reason: "\(ours.count) users carry this subject's anchor (externalId); remove all but one")
    }
    if let user = ours.first { return .alreadyInState(identity: AccountIdentity(id: user.id)) }
    let others = try await find(.userName(userName), exhaustively: exhaustively, capabilities)
    guard let other = others.first else { return nil }
    return .refused(
      reason: "conflict: the userName belongs to user \(other.id), which does not carry this "
        + "subject's anchor; if it is the same person, set 'correlation: adopt' in the mapping's "
        + "accounts rule")
  }

  private func newUser(_ subject: SubjectID, _ writes: [AttributeWrite]) -> JSONValue {
    var user: JSONValue = [
      "schemas": [.string(ResourceType.user.schema)],
      "externalId": .string(subject.rawValue),
      "active": true,
    ]
    for write in writes { write.path.write(write.after, into: &user) }
    return user
  }

  func updateAccount(
    _ account: AccountReference, _ attributes: [AttributeChange], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    guard let identity = account.identity else { return .failed(.skipChange, reason: noIdentity) }
    switch AttributeWrite.parse(attributes) {
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
    switch AttributeWrite.parse(attributes.filter { $0.name != AttributeWrite.activeName }) {
    case .failure(let fault): return .refused(reason: fault.description)
    case .success(let parsed): writes = parsed + [.active(isActive)]
    }
    guard let user = try await provider.get(.user, id: identity.immutableID, capabilities) else {
      return isActive
        ? .failed(.skipChange, reason: "the account is gone")
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
