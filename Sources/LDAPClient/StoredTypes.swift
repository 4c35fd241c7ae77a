/// The attribute types that entries of an OpenLDAP database were seen to have, and where.
///
/// A dry run that brings a type which no entry of its database has had damages the database (back-mdb of
/// slapd 2.5): the number that the type gets in memory outlives the transaction that was to store it, and
/// entries written later cannot be decoded. So `DryRun` can be made only of what was seen here.
package struct StoredTypes: Sendable {
  private enum Place: Hashable {
    case entry(DistinguishedName)
    /// Some entry directly below it.
    case children(DistinguishedName)
  }

  /// In lower case, as the server names them.
  private var seen: [Place: Set<String>] = [:]

  /// `nil` unless the server says that it is OpenLDAP: the control has no meaning elsewhere.
  package init?(of root: RootDSE) {
    guard root.objectClasses.contains("OpenLDAProotDSE") else { return nil }
  }

  /// Those of the types that neither the entry nor one beside it was seen to have; sorted.
  package func missing(_ types: Set<String>, at entry: DistinguishedName) -> [String] {
    let own = seen[.entry(entry), default: []]
    let besides = entry.parent.map { seen[.children($0), default: []] } ?? []
    return types.filter { !own.contains($0) && !besides.contains($0) }.sorted()
  }

  /// Looks at the entries themselves. What cannot be read is not seen.
  package mutating func look(
    at entries: [(name: DistinguishedName, types: Set<String>)],
    on connection: isolated LDAPConnection
  ) {
    look(
      entries.map { entry in
        (
          .entry(entry.name),
          LDAPSearch(
            base: entry.name, scope: .base, attributes: entry.types.sorted(), typesOnly: true)
        )
      }, on: connection)
  }

  /// Looks for an entry of these classes directly below `parent` that has the type, for each of them.
  package mutating func look(
    below parent: DistinguishedName, for types: Set<String>, objectClasses: [String],
    on connection: isolated LDAPConnection
  ) {
    let classes = objectClasses.map { Filter.equals("objectClass", $0) }
    look(
      types.sorted().map { type in
        (
          .children(parent),
          LDAPSearch(
            base: parent, scope: .oneLevel, filter: .and(classes + [.present(type)]),
            attributes: [type], typesOnly: true, sizeLimit: 1)
        )
      }, on: connection)
  }

  private mutating func look(
    _ searches: [(place: Place, search: LDAPSearch)], on connection: isolated LDAPConnection
  ) {
    _ = connection.perform(
      searches.map { LDAPRequest.search($0.search).with([.manageDSAIT]) }, window: 64
    ) { position, entry in
      var types: Set<String> = []
      // By the names that come back: a filter and a list of attributes take subtypes for their type.
      let isWhole = entry.read(
        name: { _ in },
        attribute: { type, _ in types.insert(String(decoding: type, as: UTF8.self).lowercased()) })
      if isWhole { seen[searches[position].place, default: []].formUnion(types) }
    }
  }
}
