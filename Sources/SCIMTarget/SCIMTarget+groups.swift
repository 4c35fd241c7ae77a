internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  /// Searches first and after every doubt: many services let two groups have one name.
  func createGroup(_ key: EntitlementKey, _ capabilities: Capabilities) async -> Outcome {
    guard configuration.createGroups, !configuration.isProtected(key.rawValue) else {
      return .refused(
        reason: "group '\(key)' may not be created here; set createGroups: true or create it there")
    }
    do throws(SCIMError) {
      // A filter on groups that finds nothing proves nothing on several services: look through
      // them.
      if let outcome = try await existingGroup(key, capabilities) { return outcome }
      do throws(SCIMError) {
        let id = try await provider.create(.group, newGroup(key), capabilities)
        if let id { return .applied(groupID: id) }
      } catch {
        guard error.status == 409 || error.mayHaveHappened else { throw error }
        return try await existingGroup(key, capabilities) ?? error.outcomeWithoutEffect
      }
      return try await existingGroup(key, capabilities)
        ?? .unknown(reason: "the service accepted group '\(key)' and does not show it yet")
    } catch {
      return error.outcome
    }
  }

  private func existingGroup(
    _ key: EntitlementKey, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome? {
    let found = try await find(.displayName(key), exhaustively: true, capabilities)
    if found.count > 1 { return .refused(reason: "\(found.count) groups are named '\(key)'") }
    return found.first.map { .alreadyInState(groupID: $0.id) }
  }

  /// Some services refuse a group without `members`, others ignore those of a new one: none is
  /// named.
  private func newGroup(_ key: EntitlementKey) -> JSONValue {
    [
      "schemas": [.string(ResourceType.group.schema)],
      "displayName": .string(key.rawValue),
      "members": [],
    ]
  }
}
