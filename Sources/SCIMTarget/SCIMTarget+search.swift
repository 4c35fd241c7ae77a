internal import AccessModel
internal import SCIMClient

/// What a resource is looked for by.
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

extension SCIMTarget {
  /// The resources that have one of what was asked for, compared here: services answer a filter they
  /// do not know with everything. The keys are of one type, and the first that finds something ends
  /// the search. `exhaustively` looks through the whole list, once, where the filters find none: for
  /// when a service has said that there is one.
  func find(
    _ keys: [SearchKey], exhaustively: Bool = false, _ capabilities: Capabilities
  ) async throws(SCIMError) -> [Resource] {
    var areRefused = !capabilities.canFilter
    if capabilities.canFilter {
      for key in keys {
        do throws(SCIMError) {
          let found = try await find([key], filter: key.filter, capabilities)
          if !found.isEmpty { return found }
        } catch {
          guard error.refusesFilter else { throw error }
          areRefused = true
        }
      }
    }
    return areRefused || exhaustively ? try await find(keys, filter: nil, capabilities) : []
  }

  private func find(
    _ keys: [SearchKey], filter: Filter?, _ capabilities: Capabilities
  ) async throws(SCIMError) -> [Resource] {
    guard let type = keys.first?.type else { return [] }
    var found: [Resource] = []
    let end = try await provider.list(type, filter: filter, capabilities) { resource in
      if keys.contains(where: { $0.matches(resource) }) { found.append(resource) }
    }
    if case .incomplete(let reason) = end, found.isEmpty {
      throw SCIMError(
        action:
          "search for a \(type.rawValue) by \(keys.map(\.filter.attribute).joined(separator: ", "))",
        cause: .malformed(reason))
    }
    return found
  }
}

extension SCIMError {
  fileprivate var refusesFilter: Bool {
    guard case .answer(let answer) = cause else { return false }
    return [400, 404, 405, 414, 422, 500, 501].contains(answer.status)
  }
}
