internal import AccessModel
internal import JSON
internal import SCIMClient

extension SCIMTarget {
  /// Searches first, unless this run has seen that it is missing, and after every doubt: many services let
  /// two groups have one name.
  func createGroup(_ key: EntitlementKey, _ capabilities: Capabilities) async -> Outcome {
    guard configuration.createGroups, !configuration.isProtected(key.rawValue) else {
      return .refused(
        reason: "group '\(key)' may not be created here; set createGroups: true or create it there")
    }
    do throws(SCIMError) {
      let isNew = inSession { $0.missingGroups.remove(key) != nil }
      if !isNew, let outcome = try await existingGroup(key, capabilities) {
        return outcome
      }
      do throws(SCIMError) {
        let written = try await provider.create(.group, newGroup(key), capabilities)
        if let id = written.id {
          inSession { $0.created.insert(id) }
          return .applied(groupID: id)
        }
      } catch {
        guard error.status == 409 || error.mayHaveHappened else { throw error }
        let outcome = try await error.outcome(orAsRead: { () async throws(SCIMError) in
          try await existingGroup(key, capabilities)
        })
        // It was missing a moment ago, and only the answer to our request was lost: it is ours.
        if error.status == nil, case .alreadyInState = outcome {
          return .applied(groupID: outcome.groupID)
        }
        return outcome
      }
      let notShown = "the service accepted group '\(key)' and does not show it yet"
      do throws(SCIMError) {
        return try await existingGroup(key, capabilities) ?? .unknown(reason: notShown)
      } catch {
        return .unknown(reason: "\(notShown): \(error)")
      }
    } catch {
      return error.outcome
    }
  }

  /// A filter on groups that finds nothing proves nothing on several services: they are looked
  /// through.
  private func existingGroup(
    _ key: EntitlementKey, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Outcome? {
    let found = try await find([.displayName(key)], exhaustively: true, capabilities)
    if found.count > 1 { return .refused(reason: "\(found.count) groups are named '\(key)'") }
    return found.first.map { .alreadyInState(groupID: $0.id) }
  }

  /// Some services refuse a group without `members`, others ignore those of a new one: none is
  /// named.
  func newGroup(_ key: EntitlementKey) -> JSONValue {
    [
      "schemas": [.string(ResourceType.group.schema)],
      "displayName": .string(key.rawValue),
      "members": [],
    ]
  }
}
