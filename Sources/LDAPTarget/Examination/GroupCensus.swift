import AccessModel
import LDAPClient

/// The groups, counted, with what the largest of them is like.
struct GroupCensus: Sendable {
  private(set) var result: LDAPSearchResult?
  private(set) var members = 0
  private(set) var largest: (name: DistinguishedName, members: Int)?
  private(set) var withoutID = 0
  /// Groups that must have a member and show none.
  private(set) var bare = 0
  private(set) var inRanges = 0
  /// Which groups are members of which.
  private(set) var nesting = GroupNesting()
  /// The first hundred, to try rights on.
  private(set) var names: [DistinguishedName] = []

  var count: Int { result?.entries ?? 0 }

  mutating func take(
    on link: isolated LDAPConnection, _ layout: Layout, _ schema: Schema?
  ) throws(LDAPError) {
    guard let base = layout.groupsBase else { return }
    if layout.columns[0].valueAttribute == nil {
      nesting.know(
        LDAPSearch(
          base: base, scope: .subtree, filter: .equals("objectClass", layout.groupClass),
          attributes: []), on: link)
    }
    let search = LDAPSearch(
      base: base, scope: .subtree, filter: .equals("objectClass", layout.groupClass),
      attributes: [layout.memberAttribute, layout.immutableID, "objectClass"])
    let member = Array(layout.memberAttribute.lowercased().utf8)
    let id = Array(layout.immutableID.lowercased().utf8)
    let result = link.search(search, pageSize: 100) { entry in
      var name: DistinguishedName?
      var found = 0
      var hasID = false
      var isRanged = false
      var classes: [String] = []
      _ = entry.read(
        name: {
          name = AccountCensus.name(String(decoding: $0, as: UTF8.self))
          nesting.enter($0)
        },
        attribute: { type, values in
          let type = Array(String(decoding: type, as: UTF8.self).lowercased().utf8)
          if type == member {
            for value in values {
              found += 1
              nesting.take(value)
            }
          } else if type == id {
            hasID = true
          } else if type.starts(with: member) {
            isRanged = true
          } else {
            classes = values.map { String(decoding: $0, as: UTF8.self) }
          }
        })
      members += found
      if !hasID { withoutID += 1 }
      if isRanged { inRanges += 1 }
      if found == 0, !isRanged,
        GroupClass.needsMember(layout.memberAttribute, classes, schema)
      {
        bare += 1
      }
      guard let name else { return }
      if names.count < 100, !layout.isProtected(name) { names.append(name) }
      if largest.map({ found > $0.members }) ?? true { largest = (name, found) }
    }
    guard result.result.code.isAnswer else { throw LDAPError(result.result) }
    self.result = result
  }
}

extension Checkup {
  func groupDiagnoses() -> [Diagnosis] {
    guard let result = groups.result, let base = layout.groupsBase else { return [] }
    let place = "below '\(base)'"
    guard result.isComplete else { return [unreadable("groups", place, result)] }
    guard let largest = groups.largest else {
      return [
        Diagnosis(
          .warning, "groups", "no entry of \(layout.groupClass) \(place), or none that we may see",
          wayOut: "check groups.base, groups.objectClass and the access rules")
      ]
    }
    var diagnoses = [
      Diagnosis(
        .fine, "groups",
        "\(groups.count) of \(layout.groupClass) \(place), \(groups.members) values of "
          + "\(layout.memberAttribute), the largest has \(largest.members)")
    ]
    if groups.bare > 0 {
      diagnoses.append(
        Diagnosis(
          .fault, "members",
          "\(groups.bare) groups must have a \(layout.memberAttribute) and show "
            + "none: they are hidden from us, and these groups are held",
          wayOut: "let the bind identity read \(layout.memberAttribute)"))
    }
    if groups.withoutID > 0 {
      diagnoses.append(
        Diagnosis(
          .fault, "immutable ids", "\(groups.withoutID) groups show no \(layout.immutableID)",
          wayOut: "let the bind identity read it"))
    }
    if groups.nesting.count > 0 {
      let loops = groups.nesting.inLoops
      diagnoses.append(
        loops == 0
          ? Diagnosis(
            .fine, "nested groups",
            "\(groups.nesting.count) memberships are groups in groups: told by 'why', kept, and "
              + "never made")
          : Diagnosis(
            .advice, "nested groups",
            "\(groups.nesting.count) memberships are groups in groups, and \(loops) groups are in "
              + "themselves by way of others",
            wayOut: "take one membership out of each loop; applications may not end in it"))
    }
    if groups.inRanges > 0 {
      diagnoses.append(
        Diagnosis(
          .fine, "ranges", "the server gives the members of \(groups.inRanges) groups in ranges"))
    }
    return diagnoses
  }

  /// What a group of the configured class must and may have, and what happens to the last member.
  func classDiagnoses() -> [Diagnosis] {
    let name = layout.groupClass
    if let schema = server.schema, schema.lacks(objectClass: name) { return [] }
    let needsMember = GroupClass.needsMember(layout.memberAttribute, [name], server.schema)
    if !needsMember {
      return [Diagnosis(.fine, "group class", "a \(name) may be empty")]
    }
    if layout.placeholder != nil {
      return [
        Diagnosis(
          .fine, "group class",
          "a \(name) must have a \(layout.memberAttribute); the placeholder stands in")
      ]
    }
    return [
      Diagnosis(
        .warning, "group class",
        "a \(name) must have a \(layout.memberAttribute), and nothing stands in: the removal of a "
          + "last member would be refused",
        wayOut: "name an entry that stands in, in the target's configuration",
        remedy:
          "groups: { …, emptyGroup: { placeholder: \"cn=nobody,\(layout.groupsBase?.parent.map { "\($0)" } ?? "dc=example")\" } }"
      )
    ]
  }
}
