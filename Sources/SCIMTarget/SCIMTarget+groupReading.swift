internal import AccessModel
internal import HTTPTransport
internal import JSON
internal import SCIMClient

/// One of the scope's groups with the ids of its members.
struct GroupReading: Sendable {
  let group: ActualGroup
  let changedAt: Instant?
  let members: [AccountKey]

  init(_ group: ActualGroup, changedAt: Instant? = nil, members: [AccountKey] = []) {
    self.group = group
    self.changedAt = changedAt
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
    guard dialect.groups else {
      return keys.map { _ in GroupReading(.unreadable(reason: noGroups)) }
    }
    let found: FoundGroups
    let end: ListingEnd
    do throws(SCIMError) {
      (found, end) = try await listGroups(scope, capabilities)
    } catch {
      if case .closed = error.cause { throw error }
      let reason = [404, 405, 501].contains(error.status) ? noGroups : "\(error)"
      return keys.map { _ in GroupReading(.unreadable(reason: reason)) }
    }
    let showsInLists = found.byName.values.joined().contains { group in
      GroupMembers(group).map { !$0.ids.isEmpty } ?? false
    }
    if showsInLists { knows { $0.learn(.shown) } }
    let readings = await concurrently(keys, width: dialect.concurrency) { key in
      if found.byName[key] == nil, let id = scope.groupIDs[key], let name = found.names[id] {
        return GroupReading(
          .unreadable(
            reason: "group \(id), which had this name, is now called '\(name)'; rename it back, or "
              + "take the new name into the mapping"))
      }
      return await self.readGroup(
        key, among: found.byName[key, default: []], end, showsInLists: showsInLists, capabilities)
    }
    let missing = zip(keys, readings).filter { $1.group == .missing }.map { key, _ in key }
    inSession { $0.missingGroups = Set(missing) }
    return presuming(readings, scope)
  }

  var noGroups: String { "the service offers no groups; its users are kept all the same" }

  /// Where no group shows a member, an empty one says nothing: there the ledger tells who is in it.
  private func presuming(_ readings: [GroupReading], _ scope: ManagedScope) -> [GroupReading] {
    guard members != .shown else { return readings }
    return zip(scope.groups, readings).map { key, reading in
      guard case .present = reading.group, reading.members.isEmpty else { return reading }
      return GroupReading(
        reading.group, changedAt: reading.changedAt,
        members: scope.presumedMembers(key, reading.changedAt).sorted())
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

  /// A listing that shows members of some group shows those of all, so an empty one is empty.
  private func readGroup(
    _ key: EntitlementKey, among found: [Resource], _ end: ListingEnd, showsInLists: Bool,
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
    let members = GroupMembers(listed)
    if members?.ids.isEmpty == false || showsInLists || self.members == .hidden {
      return reading(listed, members ?? .none)
    }
    do throws(SCIMError) {
      guard let group = try await provider.get(.group, id: listed.id, capabilities) else {
        return GroupReading(.unreadable(reason: "it was listed and then not found"))
      }
      let members = GroupMembers(group) ?? .none
      if !members.ids.isEmpty { knows { $0.learn(.shown) } }
      return reading(group, members)
    } catch {
      return GroupReading(.unreadable(reason: "\(error)"))
    }
  }

  private func reading(_ group: Resource, _ members: GroupMembers) -> GroupReading {
    GroupReading(
      .present(
        immutableID: group.id,
        coverage: members.areAllNamed ? .complete : .partial(reason: "a member has no value")),
      changedAt: group.changedAt, members: members.ids.sorted())
  }
}
