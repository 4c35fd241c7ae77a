internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  enum SearchKey {
    case anchor(SubjectID)
    case userName(String)
    case displayName(EntitlementKey)

    var type: ResourceType {
      switch self {
      case .anchor, .userName: .user
      case .displayName: .group
      }
    }

    var filter: Filter {
      switch self {
      case .anchor(let subject): .equals("externalId", subject.rawValue)
      case .userName(let name): .equals("userName", name)
      case .displayName(let key): .equals("displayName", key.rawValue)
      }
    }

    /// `userName` ignores case, the others do not (RFC 7643 §3.1, §4.1, §4.2).
    func matches(_ resource: Resource) -> Bool {
      switch self {
      case .anchor(let subject): resource.text("externalId").map { SubjectID($0) } == subject
      case .userName(let name): resource.text("userName")?.lowercased() == name.lowercased()
      case .displayName(let key):
        resource.text("displayName").map { EntitlementKey($0) } == key
      }
    }
  }

  /// The resources that have what was asked for, compared here: services answer a filter they do
  /// not know with everything. `exhaustively` looks through the whole list, for when a service has
  /// said that there is one and its filter found none.
  func find(
    _ key: SearchKey, exhaustively: Bool = false, _ capabilities: Capabilities
  ) async throws(SCIMError) -> [Resource] {
    if capabilities.canFilter, !exhaustively {
      do throws(SCIMError) {
        return try await find(key, filter: key.filter, capabilities)
      } catch {
        guard error.refusesFilter else { throw error }
      }
    }
    return try await find(key, filter: nil, capabilities)
  }

  private func find(
    _ key: SearchKey, filter: Filter?, _ capabilities: Capabilities
  ) async throws(SCIMError) -> [Resource] {
    var found: [Resource] = []
    let end = try await provider.list(key.type, filter: filter, capabilities) {
      if key.matches($0) { found.append($0) }
    }
    if case .incomplete(let reason) = end, found.isEmpty {
      throw SCIMError(
        action: "search for a \(key.type.rawValue) by \(key.filter.attribute)",
        cause: .malformed(reason))
    }
    return found
  }
}

extension SCIMError {
  fileprivate var refusesFilter: Bool {
    guard case .answer(let answer) = cause else { return false }
    return [400, 404, 405, 422, 500, 501].contains(answer.status)
  }
}
