internal import AccessModel
internal import JSON
internal import SCIMClient

extension SCIMTarget {
  /// Writes attributes of one user and looks whether they took effect: a service may answer success
  /// and do nothing, or keep another value. It goes down the ways of writing while one has no
  /// effect, and remembers which worked.
  func write(
    _ writes: [AttributeWrite], to identity: AccountIdentity, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    let id = identity.immutableID
    if writes.isEmpty { return .alreadyInState(identity: identity) }
    if !configuration.protected.isEmpty {
      let user = try await provider.get(.user, id: id, capabilities)
      if let user, isProtected(user) { return .refused(reason: "the account is protected") }
    }
    var way = firstWay(writes, capabilities)
    var pending = writes
    var serverErrors = 0
    while true {
      let attempt = try await attempt(pending, way, id, capabilities)
      switch attempt {
      case .settled(let outcome): return outcome(identity)
      case .believed: return .applied(identity: identity)
      case .refused(let error):
        if error.status == 500 {
          serverErrors += 1
          if serverErrors > 1 { return error.outcomeWithoutEffect }
        } else if pending.count > 1 {
          return try await writeEach(pending, to: identity, capabilities)
        }
        guard let next = nextWay(after: way, pending, capabilities) else { throw error }
        way = next
      case .seen(let user):
        for write in pending where write.isDone(in: user) {
          if way != usualWay { knows { $0.learn(way, for: "\(write.path)") } }
          remember(write.kept(in: user), write, id)
        }
        pending.removeAll { $0.isDone(in: user) }
        if pending.isEmpty { return .applied(identity: identity) }
        let unchanged = pending.filter { $0.isUntouched(in: user) }
        guard !unchanged.isEmpty, let next = nextWay(after: way, unchanged, capabilities) else {
          return keep(pending, as: user, identity)
        }
        for write in pending where !write.isUntouched(in: user) {
          remember(write.kept(in: user), write, id)
        }
        pending = unchanged
        way = next
      }
    }
  }

  /// The way all of them are written; where they differ, the one that every service has.
  func firstWay(
    _ writes: [AttributeWrite], _ capabilities: Capabilities
  ) -> Dialect.WriteWay {
    guard capabilities.canPatch else { return .put }
    let ways = Set(writes.map { write in knows { $0.way("\(write.path)") } ?? usualWay })
    guard ways.count == 1, let way = ways.first else { return .put }
    return way == .pathless && !writes.allSatisfy(\.fitsWithoutPath) ? .put : way
  }

  private var usualWay: Dialect.WriteWay { dialect.firstWay }

  private func nextWay(
    after way: Dialect.WriteWay, _ writes: [AttributeWrite], _ capabilities: Capabilities
  ) -> Dialect.WriteWay? {
    switch way {
    case .paths: writes.allSatisfy(\.fitsWithoutPath) ? .pathless : .put
    case .pathless: .put
    case .put: nil
    }
  }

  /// One that the service will not have must not keep the others out.
  private func writeEach(
    _ writes: [AttributeWrite], to identity: AccountIdentity, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome {
    var result = Outcome.applied(identity: identity)
    for write in writes {
      let outcome: Outcome
      do throws(SCIMError) {
        outcome = try await self.write([write], to: identity, capabilities)
      } catch {
        outcome = error.outcome
      }
      if result.isDone, !outcome.isDone { result = outcome }
      if case .failed(.stopTarget, _) = outcome { return outcome }
    }
    return result
  }

  private enum Attempt {
    /// Nothing more can be done now.
    case settled((AccountIdentity) -> Outcome)
    /// Taken; this kind of write was seen to take effect before.
    case believed
    /// Not in this way.
    case refused(SCIMError)
    /// Taken, or nobody knows: this is how the user looks now.
    case seen(Resource)
  }

  private func attempt(
    _ writes: [AttributeWrite], _ way: Dialect.WriteWay, _ id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Attempt {
    let written: ServiceProvider.Written
    do throws(SCIMError) {
      written = try await send(writes, way, to: id, capabilities)
    } catch {
      if error.asksForAnotherWay { return .refused(error) }
      guard error.mayHaveHappened else { throw error }
      guard let user = try await provider.get(.user, id: id, capabilities) else { return Self.gone }
      if writes.allSatisfy({ $0.isDone(in: user) }) { return .seen(user) }
      return error.status == 500 ? .refused(error) : .settled { _ in error.outcomeWithoutEffect }
    }
    if let user = written.resource, user.id == id, user.text("userName") != nil,
      writes.allSatisfy({ $0.isDone(in: user) })
    {
      return .seen(user)
    }
    let names = Set(writes.map { "\(way) \($0.path)" })
    let isAboutAccess = writes.contains { $0.path == .active }
    if !written.isPending, !isAboutAccess, inSession({ names.isSubset(of: $0.trusted) }) {
      return .believed
    }
    guard let user = try await provider.get(.user, id: id, capabilities) else { return Self.gone }
    let isDone = writes.allSatisfy { $0.isDone(in: user) }
    if written.isPending, !isDone {
      return .settled { _ in
        .unknown(reason: "the service accepted the change and has not made it yet")
      }
    }
    if isDone { inSession { $0.trusted.formUnion(names) } }
    return .seen(user)
  }

  private static var gone: Attempt {
    .settled { _ in .failed(.skipChange, reason: "the account is gone") }
  }

  /// The service has its own mind about these. What is remembered is not sent again until the mapped
  /// value or the service's changes; whether someone is active is never let be.
  private func keep(
    _ writes: [AttributeWrite], as user: Resource, _ identity: AccountIdentity
  ) -> Outcome {
    for write in writes { remember(write.kept(in: user), write, user.id) }
    let unchanged = writes.filter { $0.path == .active || $0.isUntouched(in: user) }
    if unchanged.isEmpty { return .applied(identity: identity) }
    return .refused(
      reason: "the service answers success and keeps another value of "
        + unchanged.map { "\($0.path)" }.sorted().joined(separator: ", "))
  }

  private func send(
    _ writes: [AttributeWrite], _ way: Dialect.WriteWay, to id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> ServiceProvider.Written {
    switch way {
    case .paths:
      return try await provider.patch(
        .user, id: id, writes.map(\.operation), capabilities)
    case .pathless:
      var attributes: JSONValue = [:]
      for write in writes { write.path.write(write.after, into: &attributes) }
      return try await provider.patch(
        .user, id: id, [.replace(attributes: attributes)], capabilities)
    case .put: return try await put(writes, to: id, capabilities)
    }
  }

  /// PUT clears what it leaves out, so it starts from the user as it is now, and again if that has
  /// changed meanwhile.
  private func put(
    _ writes: [AttributeWrite], to id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> ServiceProvider.Written {
    try await provider.replacing(capabilities) { () async throws(SCIMError) in
      guard let user = try await provider.get(.user, id: id, capabilities) else {
        throw SCIMError(action: "PUT user \(id)", cause: .answer(ErrorAnswer(status: 404)))
      }
      var body = user.withoutReadOnlyAttributes(capabilities.userSchema)
      for write in writes { write.path.write(write.after, into: &body) }
      return try await provider.put(.user, id: id, body, version: user.version, capabilities)
    }
  }
}

extension ServiceProvider {
  /// Reads, changes and writes; anew, a few times, while the resource changes in between (412).
  func replacing(
    _ capabilities: Capabilities,
    _ body: () async throws(SCIMError) -> Written
  ) async throws(SCIMError) -> Written {
    for _ in 0..<2 {
      do throws(SCIMError) {
        return try await body()
      } catch {
        guard error.status == 412 else { throw error }
      }
    }
    return try await body()
  }
}

extension AttributeWrite {
  /// Whether it can be written without a path and without touching anything else.
  var fitsWithoutPath: Bool { path.isPlain && !after.isEmpty }

  /// Whether the user has what it had before.
  func isUntouched(in user: Resource) -> Bool {
    path == .active || path.values(in: user.body) == before
  }
}

extension Resource {
  /// What a PUT may send back.
  func withoutReadOnlyAttributes(_ schema: UserSchema?) -> JSONValue {
    guard case .object(let members) = body else { return body }
    let own: Set<String> = ["id", "meta", "groups"]
    return .object(
      members.filter { name, _ in
        !own.contains(name.lowercased())
          && schema?.writability(extension: nil, name: name, part: nil) != .readOnly
      })
  }
}
