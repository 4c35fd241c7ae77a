internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  /// Writes attributes of one user and reads them back: a service may answer success and do
  /// nothing.
  func write(
    _ writes: [AttributeWrite], to identity: AccountIdentity, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    let id = identity.immutableID
    if !configuration.protected.isEmpty {
      let user = try await provider.get(.user, id: id, capabilities)
      if let user, isProtected(user) { return .refused(reason: "the account is protected") }
    }
    var failure: SCIMError?
    do throws(SCIMError) {
      if let user = try await send(writes, to: id, capabilities), done(writes, user) {
        return .applied(identity: identity)
      }
    } catch {
      guard error.mayHaveHappened else { throw error }
      failure = error
    }
    guard let user = try await provider.get(.user, id: id, capabilities) else {
      return .failed(.skipChange, reason: "the account is gone")
    }
    if done(writes, user) { return .applied(identity: identity) }
    if let failure { return failure.outcomeWithoutEffect }
    let names = writes.filter { !$0.isDone(in: user) }.map { "\($0.path)" }.sorted()
    return .failed(
      .skipChange,
      reason: "the service answers success and keeps another value of "
        + names.joined(separator: ", "))
  }

  private func done(_ writes: [AttributeWrite], _ user: Resource) -> Bool {
    writes.allSatisfy { $0.isDone(in: user) }
  }

  /// The way most services understand first: PATCH with paths; PATCH without, where nothing but
  /// plain attributes change; PUT of the whole user. Gives the user where the answer holds it.
  private func send(
    _ writes: [AttributeWrite], to id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Resource? {
    guard capabilities.canPatch else {
      try await put(writes, to: id, capabilities)
      return nil
    }
    do throws(SCIMError) {
      return try await provider.patch(
        .user, id: id, writes.map { $0.path.operation(from: $0.before, to: $0.after) },
        capabilities)
    } catch {
      guard error.asksForAnotherWay else { throw error }
    }
    if writes.allSatisfy({ $0.path.isPlain && !$0.after.isEmpty }) {
      var attributes: JSONValue = [:]
      for write in writes { write.path.write(write.after, into: &attributes) }
      do throws(SCIMError) {
        return try await provider.patch(
          .user, id: id, [.replace(attributes: attributes)], capabilities)
      } catch {
        guard error.asksForAnotherWay else { throw error }
      }
    }
    try await put(writes, to: id, capabilities)
    return nil
  }

  /// PUT clears what it leaves out, so it starts from the user as it is now.
  private func put(
    _ writes: [AttributeWrite], to id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) {
    guard let user = try await provider.get(.user, id: id, capabilities) else {
      throw SCIMError(action: "PUT user \(id)", cause: .answer(ErrorAnswer(status: 404)))
    }
    var body = user.withoutReadOnlyAttributes
    for write in writes { write.path.write(write.after, into: &body) }
    try await provider.put(.user, id: id, body, version: user.version, capabilities)
  }
}

extension Resource {
  /// What a PUT may send back.
  var withoutReadOnlyAttributes: JSONValue {
    var body = body
    for name in ["id", "meta", "groups"] { body[name] = nil }
    return body
  }
}
