internal import AccessModel
internal import SCIMClient

/// How a service that does not show members can be asked whether someone is one.
enum MemberSearch: Sendable, Equatable {
  case attribute(String)
  /// It refuses such filters, or gives the group whatever is asked.
  case impossible

  /// The form that AWS documents, and that of RFC 7644.
  fileprivate static let attributes = ["members", "members.value"]
  /// Nobody has this id.
  fileprivate static let nobody = "bellhop-asks-for-nobody"
}

extension SCIMTarget {
  /// Whether an account is in a group, by a filter; `nil` if the service cannot tell.
  func isMember(
    _ account: AccountKey, of groupID: String, _ capabilities: Capabilities
  ) async -> Bool? {
    guard capabilities.canFilter else { return nil }
    switch inSession({ $0.memberSearch }) {
    case .impossible: return nil
    case .attribute(let attribute):
      return await finds(groupID, attribute, account.rawValue, capabilities)
    case nil: break
    }
    for attribute in MemberSearch.attributes {
      guard let found = await finds(groupID, attribute, account.rawValue, capabilities),
        await finds(groupID, attribute, MemberSearch.nobody, capabilities) == false
      else { continue }
      // An empty answer alone may come from a service that knows no such filter.
      if found { inSession { $0.memberSearch = .attribute(attribute) } }
      return found
    }
    inSession { $0.memberSearch = .impossible }
    return nil
  }

  /// `nil` if the service refuses the filter.
  private func finds(
    _ groupID: String, _ attribute: String, _ account: String, _ capabilities: Capabilities
  ) async -> Bool? {
    let filter = Filter.equals("id", groupID).and(.equals(attribute, account))
    var isFound = false
    do throws(SCIMError) {
      _ = try await provider.list(.group, filter: filter, capabilities) {
        if $0.id == groupID { isFound = true }
      }
      return isFound
    } catch {
      return nil
    }
  }
}
