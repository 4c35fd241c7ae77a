package import AccessModel
internal import JSON
internal import SCIMClient

extension SCIMTarget {
  package func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    let written = try attributePaths(scope.attributes)
    do throws(SCIMError) {
      return try await inRun { (capabilities) async throws(SCIMError) in
        let paths = written.map { $0.adapted(to: capabilities.userSchema) }
        let accounts = try await readAccounts(paths, capabilities)
        let groups = try await readGroups(scope, capabilities)
        return assemble(accounts, groups, scope, paths, capabilities)
      }
    } catch {
      throw error.targetError(id)
    }
  }

  private func attributePaths(_ names: [String]) throws(TargetError) -> [SCIMAttributePath] {
    var paths: [SCIMAttributePath] = []
    for name in names {
      do throws(SCIMAttributePath.SyntaxError) {
        paths.append(try SCIMAttributePath(parsing: name))
      } catch {
        throw configurationError("\(error)")
      }
    }
    return paths
  }

  private struct Accounts {
    var all: [ActualAccount] = []
    var coverage = Coverage.complete
    /// How many accounts keep another value of an attribute than they were sent.
    var keptOtherwise: [String: Int] = [:]
  }

  /// A value that the service made of one that it was sent stands for that one, so that it is not
  /// sent again; any other is shown as it is.
  private func readAccounts(
    _ paths: [SCIMAttributePath], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Accounts {
    let shape = Attributes.Shape(paths.map(\.description))
    let knowledge = knows { $0 }
    var accounts = Accounts()
    let end = try await provider.list(.user, capabilities) { user in
      let values = paths.map { path in
        let values = path.values(in: user.body)
        guard let kept = knowledge.kept(path.description, of: user.id), kept.kept == values else {
          return values
        }
        accounts.keptOtherwise[path.description, default: 0] += 1
        return kept.sent
      }
      accounts.all.append(
        ActualAccount(
          identity: AccountIdentity(key: AccountKey(user.id), immutableID: user.id),
          anchor: user.text("externalId").flatMap { $0.isEmpty ? nil : SubjectID($0) },
          naturalKey: user.text("userName"),
          attributes: Attributes(shape: shape, values: values), isEnabled: user.isActive))
    }
    inSession { session in
      session.hasAllUsers = end == .complete
      session.userCount = accounts.all.count
      session.seenSubjects = Set(accounts.all.compactMap(\.anchor))
      session.seenNames = Set(accounts.all.compactMap { $0.naturalKey?.lowercased() })
    }
    accounts.all.sort { $0.key < $1.key }
    accounts.coverage = Coverage(end, of: "the users")
    return accounts
  }

  /// Members by position: first the accounts, then whoever else is named.
  private func assemble(
    _ accounts: Accounts, _ groups: [GroupReading], _ scope: ManagedScope,
    _ paths: [SCIMAttributePath], _ capabilities: Capabilities
  ) -> ActualState {
    let positions = Dictionary(
      accounts.all.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    var unknown = Set(groups.flatMap(\.members)).filter { positions[$0] == nil }
    let names = memberNames(unknown, accounts.all)
    unknown.subtract(names.keys)
    let strangers = unknown.sorted()
    let strangerPositions = Dictionary(
      strangers.enumerated().map { ($1, accounts.all.count + $0) },
      uniquingKeysWith: { first, _ in first })
    var memberships: ContiguousArray<MembershipIndex> = []
    for (group, reading) in groups.enumerated() {
      for member in reading.members {
        guard let account = positions[member] ?? names[member] ?? strangerPositions[member] else {
          continue
        }
        memberships.append(MembershipIndex(group: group, account: account))
      }
    }
    let schema = capabilities.userSchema
    let changedAt = Dictionary(
      zip(scope.groups, groups).compactMap { key, group in group.changedAt.map { (key, $0) } },
      uniquingKeysWith: { first, _ in first })
    return ActualState(
      target: id, coverage: accounts.coverage, accounts: accounts.all,
      groups: groups.map(\.group), changedAt: changedAt, strangers: strangers,
      memberships: MembershipSet(memberships),
      missingAttributes: Set(
        paths.filter { [.missing, .readOnly].contains($0.writability(in: schema)) }
          .map(\.description)),
      fixedAttributes: Set(
        paths.filter { $0.writability(in: schema) == .fixed }.map(\.description)),
      notices: notices(accounts, groups, paths, schema))
  }

  /// Some services name members by userName. Gives the positions of the accounts that are meant, by
  /// what they are called; a name that several accounts have is nobody's.
  private func memberNames(
    _ unknown: Set<AccountKey>, _ accounts: [ActualAccount]
  ) -> [AccountKey: Int] {
    if unknown.isEmpty { return [:] }
    var positions: [AccountKey: [Int]] = [:]
    for (position, account) in accounts.enumerated() {
      guard let name = account.naturalKey.map({ AccountKey($0) }), unknown.contains(name) else {
        continue
      }
      positions[name, default: []].append(position)
    }
    let names = positions.compactMapValues { $0.count == 1 ? $0[0] : nil }
    inSession { session in
      for (name, position) in names { session.memberNames[accounts[position].key] = name }
    }
    return names
  }

  private func notices(
    _ accounts: Accounts, _ groups: [GroupReading], _ paths: [SCIMAttributePath],
    _ schema: UserSchema?
  ) -> [String] {
    var notices = accounts.keptOtherwise.sorted { $0.key < $1.key }.map { name, count in
      "\(name) is kept otherwise than it was sent for \(count) accounts; it is not sent again until "
        + "it changes here or there"
    }
    for path in paths where path.writability(in: schema) == .missing {
      notices.append("\(path) is not sent: the service's schema has no such attribute")
    }
    for path in paths where path.writability(in: schema) == .readOnly {
      notices.append("\(path) is not sent: by its schema the service keeps it itself")
    }
    if groups.contains(where: { $0.group == .unreadable(reason: noGroups) }) {
      notices.append(noGroups)
    } else if members == .hidden, !groups.isEmpty {
      notices.append(
        "the service shows no members of groups: who is in them is taken from the ledger, and what "
          + "others change there is not seen")
    }
    return notices
  }
}

extension Coverage {
  init(_ end: ListingEnd, of what: String) {
    switch end {
    case .complete: self = .complete
    case .incomplete(let reason): self = .partial(reason: "\(what) were not all read: \(reason)")
    }
  }
}

extension Resource {
  /// When the service last changed it (RFC 7643 §3.1); `nil` where it does not say.
  var changedAt: Instant? {
    guard let text = body["meta"]?["lastModified"]?.text else { return nil }
    do throws(InstantSyntaxError) { return try Instant(parsing: text) } catch { return nil }
  }

  /// Absent means active: the attribute is optional.
  var isActive: Bool { body["active"]?.boolean ?? true }
}
