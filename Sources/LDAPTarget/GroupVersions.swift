import LDAPClient

/// Reads what tells whether groups have changed, and nothing else of them.
struct GroupVersions {
  struct Found {
    let immutableID: String
    let version: GroupVersion
  }

  /// From so many on, one search for all groups costs less than one for each.
  private static let many = 64

  let layout: Layout

  /// `nil` for a group that was not seen or shows no version; that one is to be read.
  func read(_ names: [DistinguishedName], on connection: isolated LDAPConnection) -> [Found?] {
    var found = [Found?](repeating: nil, count: names.count)
    let attributes = [layout.immutableID] + GroupVersion.attributes
    func take(_ entry: borrowing LDAPEntry) -> (key: [UInt8], Found)? {
      var key: [UInt8] = []
      var isNamed = false
      var values: [String: [String]] = [:]
      let isWhole = entry.read(
        name: { isNamed = DistinguishedName.appendNormalised($0, to: &key) },
        attribute: { type, list in
          let type = String(decoding: type, as: UTF8.self).lowercased()
          values[type] = list.map(ValueForm(of: type).text)
        })
      func value(_ name: String) -> [String] { values[name.lowercased(), default: []] }
      guard isWhole, isNamed, let id = value(layout.immutableID).first,
        let version = GroupVersion(value)
      else { return nil }
      return (key, Found(immutableID: id, version: version))
    }
    if names.count >= Self.many, let base = layout.groupsBase {
      var numbers = KeyTable()
      for name in names { _ = numbers.insert(Array(name.normalised.utf8)) }
      let search = LDAPSearch(
        base: base, scope: .subtree, filter: .equals("objectClass", layout.groupClass),
        attributes: attributes)
      _ = connection.search(search) { entry in
        guard let (key, group) = take(entry), let number = numbers.number(of: key) else { return }
        found[number] = group
      }
    } else {
      _ = connection.perform(
        names.map { .search(LDAPSearch(base: $0, scope: .base, attributes: attributes)) }
      ) { index, entry in
        found[index] = take(entry)?.1
      }
    }
    return found
  }
}
