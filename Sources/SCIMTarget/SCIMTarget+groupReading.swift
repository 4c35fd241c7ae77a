internal import AccessModel
internal import HTTPTransport
internal import SCIMClient

/// One of the scope's groups with the ids of its members.
struct GroupReading: Sendable {
  let group: ActualGroup
  let members: [AccountKey]

  init(_ group: ActualGroup, members: [AccountKey] = []) {
    self.group = group
    self.members = members
  }
}

extension SCIMTarget {
  /// Lists the groups rather than looking each up: services that ignore a filter, or know no filter
  /// on groups, answer a look-up with success and the wrong list or none.
  func readGroups(
    _ scope: ManagedScope, _ capabilities: Capabilities
  ) async throws(SCIMError) -> [GroupReading] {
    let keys = scope.groups
    if keys.isEmpty { return [] }
    let found: FoundGroups
    let end: ListingEnd
    do throws(SCIMError) {
      (found, end) = try await listGroups(scope, capabilities)
    } catch {
      if case .closed = error.cause { throw error }
      let reason =
        [404, 405, 501].contains(error.status)
        ? "the service offers no groups (\(error))" : "\(error)"
      return keys.map { _ in GroupReading(.unreadable(reason: reason)) }
    }
    return await concurrently(keys, width: Self.width) { key in
      if found.byName[key] == nil, let id = scope.groupIDs[key], let name = found.names[id] {
        return GroupReading(
          .unreadable(
            reason: "group \(id), which had this name, is now called '\(name)'; rename it back, or "
              + "take the new name into the mapping"))
      }
      return await self.readGroup(key, among: found.byName[key, default: []], end, capabilities)
    }
  }

  private struct FoundGroups {
    var byName: [EntitlementKey: [Resource]] = [:]
    /// Of the groups that the ledger knows: what they are called now, by id.
    var names: [String: String] = [:]
  }

  /// Of all groups of the service keeps those that are asked for.
  private func listGroups(
    _ scope: ManagedScope, _ capabilities: Capabilities
  ) async throws(SCIMError) -> (FoundGroups, ListingEnd) {
    let keys = Set(scope.groups)
    let known = Set(scope.groupIDs.values)
    var found = FoundGroups()
    func keep(_ group: Resource) {
      guard let name = group.text("displayName") else { return }
      if known.contains(group.id) { found.names[group.id] = name }
      if keys.contains(EntitlementKey(name)) {
        found.byName[EntitlementKey(name), default: []].append(group)
      }
    }
    do throws(SCIMError) {
      let end = try await provider.list(.group, capabilities, receive: keep)
      return (found, end)
    } catch {
      guard case .transport(let failure) = error.cause, failure.kind == .tooLarge else {
        throw error
      }
      found = FoundGroups()
      let end = try await provider.list(
        .group, excluding: "members", capabilities, receive: keep)
      return (found, end)
    }
  }

  private func readGroup(
    _ key: EntitlementKey, among found: [Resource], _ end: ListingEnd,
    _ capabilities: Capabilities
  ) async -> GroupReading {
    guard found.count < 2 else {
      return GroupReading(.unreadable(reason: "\(found.count) groups are named '\(key)'"))
    }
    guard let listed = found.first else {
      switch Coverage(end, of: "the groups") {
      case .complete: return GroupReading(.missing)
      case .partial(let reason): return GroupReading(.unreadable(reason: reason))
      }
    }
    if let members = GroupMembers(listed), !members.ids.isEmpty {
      return reading(listed, members)
    }
    do throws(SCIMError) {
      guard let group = try await provider.get(.group, id: listed.id, capabilities) else {
        return GroupReading(.unreadable(reason: "it was listed and then not found"))
      }
      return reading(group, GroupMembers(group) ?? .none)
    } catch {
      return GroupReading(.unreadable(reason: "\(error)"))
    }
  }

  private func reading(_ group: Resource, _ members: GroupMembers) -> GroupReading {
    GroupReading(
      .present(
        immutableID: group.id,
        coverage: members.areAllNamed ? .complete : .partial(reason: "a member has no value")),
      members: members.ids.sorted())
  }
}

/// The `members` of a Group.
///
/// A group that leaves them out has none only if it was asked for by its id: listings and searches
/// often leave them out.
struct GroupMembers {
  let ids: Set<AccountKey>
  /// Whether every element says who it is.
  let areAllNamed: Bool

  static let none = GroupMembers(ids: [], areAllNamed: true)

  private init(ids: Set<AccountKey>, areAllNamed: Bool) {
    self.ids = ids
    self.areAllNamed = areAllNamed
  }

  /// `nil` if the group does not show its members.
  init?(_ group: Resource) {
    guard let elements = group.body["members"]?.elements else { return nil }
    let values = elements.compactMap { $0["value"]?.text ?? $0.text }
    self.init(ids: Set(values.map { AccountKey($0) }), areAllNamed: values.count == elements.count)
  }
}
