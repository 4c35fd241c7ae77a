package import AccessModel
import LDAPClient

extension LDAPTarget: NestingTarget {
  /// From the account upwards, level by level: a search for each group whose containers are not known
  /// yet. No group is looked at twice, so that loops end.
  package func nestedMemberships(
    of account: AccountIdentity
  ) async throws(TargetError) -> [NestedMembership] {
    guard let base = layout.groupsBase, layout.columns[0].valueAttribute == nil else { return [] }
    let connection = try await connect()
    let result: Result<[NestedMembership], LDAPError>
    do throws(LDAPError) {
      result = .success(
        try await nestedMemberships(of: account.key.rawValue, below: base, on: connection))
    } catch {
      result = .failure(error)
    }
    await connection.close()
    do throws(LDAPError) {
      return try result.get()
    } catch {
      throw error.targetError(id, "cannot search for the groups of '\(account.key)'")
    }
  }

  private func nestedMemberships(
    of account: String, below base: DistinguishedName, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> [NestedMembership] {
    let attribute = layout.named(
      by: try connection.schema(
        objectClasses: [layout.groupClass], attributes: [layout.memberAttribute])
    ).memberAttribute
    var ways: [String: [String]] = [:]
    var level = [account]
    while !level.isEmpty {
      let searches = level.map { member in
        LDAPRequest.search(
          LDAPSearch(
            base: base, scope: .subtree, filter: .equals(attribute, member), attributes: []))
      }
      var found: [(container: String, member: Int)] = []
      let results = connection.perform(searches) { member, entry in
        var name: [UInt8] = []
        _ = entry.read(
          name: { _ = DistinguishedName.appendNormalised($0, to: &name) }, attribute: { _, _ in })
        found.append((String(decoding: name, as: UTF8.self), member))
      }
      for result in results where !result.isComplete { throw LDAPError(result.result) }
      var next: [String] = []
      for (container, member) in found.sorted(by: { $0.container < $1.container })
      where ways[container] == nil {
        let way = level[member] == account ? [] : ways[level[member], default: []] + [level[member]]
        ways[container] = way
        next.append(container)
      }
      level = next
    }
    return ways.filter { !$0.value.isEmpty }.map { group, way in
      NestedMembership(group: EntitlementKey(group), through: way.map { EntitlementKey($0) })
    }.sorted { $0.group < $1.group }
  }
}
