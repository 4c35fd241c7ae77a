package import AccessModel
internal import SCIMClient

extension SCIMTarget {
  package func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    let paths = try attributePaths(scope.attributes)
    do throws(SCIMError) {
      let capabilities = try await beginRun()
      let (accounts, coverage) = try await readAccounts(paths, capabilities)
      let groups = try await readGroups(scope, capabilities)
      return assemble(accounts, coverage, groups)
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

  private func readAccounts(
    _ paths: [SCIMAttributePath], _ capabilities: Capabilities
  ) async throws(SCIMError) -> ([ActualAccount], Coverage) {
    let shape = Attributes.Shape(paths.map(\.description))
    var accounts: [ActualAccount] = []
    let end = try await provider.list(.user, capabilities) { user in
      accounts.append(
        ActualAccount(
          identity: AccountIdentity(key: AccountKey(user.id), immutableID: user.id),
          anchor: user.text("externalId").flatMap { $0.isEmpty ? nil : SubjectID($0) },
          naturalKey: user.text("userName"),
          attributes: Attributes(shape: shape, values: paths.map { $0.values(in: user.body) }),
          isEnabled: user.isActive))
    }
    return (accounts.sorted { $0.key < $1.key }, Coverage(end, of: "the users"))
  }

  /// Members by position: first the accounts, then whoever else is named.
  private func assemble(
    _ accounts: [ActualAccount], _ coverage: Coverage, _ groups: [GroupReading]
  ) -> ActualState {
    let positions = Dictionary(
      accounts.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    let strangers = Set(groups.flatMap(\.members)).filter { positions[$0] == nil }.sorted()
    let strangerPositions = Dictionary(
      strangers.enumerated().map { ($1, accounts.count + $0) },
      uniquingKeysWith: { first, _ in first })
    var memberships: ContiguousArray<MembershipIndex> = []
    for (group, reading) in groups.enumerated() {
      for member in reading.members {
        guard let account = positions[member] ?? strangerPositions[member] else { continue }
        memberships.append(MembershipIndex(group: group, account: account))
      }
    }
    return ActualState(
      target: id, coverage: coverage, accounts: accounts, groups: groups.map(\.group),
      strangers: strangers, memberships: MembershipSet(memberships))
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
  /// Absent means active: the attribute is optional.
  var isActive: Bool { body["active"]?.boolean ?? true }
}
