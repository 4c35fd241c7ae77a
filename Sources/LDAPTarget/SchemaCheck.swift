import AccessModel
import LDAPClient

/// What of the configuration and the mappings a server's schema cannot have. Finds nothing where the
/// server hides its schema.
struct SchemaCheck {
  let layout: Layout
  let scope: ManagedScope

  /// Why the directory cannot be read as it is configured: a search by a class or an attribute that
  /// there is not finds nothing, and says that this is all.
  var fault: String? {
    guard let schema = layout.schema else { return nil }
    for name in layout.accountClasses where schema.lacks(objectClass: name) {
      return missing("class", name, "accounts.objectClasses")
    }
    var named = [(layout.rdn, "accounts.rdn"), (layout.anchor, "accounts.anchor")]
    if layout.groupsBase != nil {
      for column in layout.columns {
        named.append((column.attribute, "groups.memberAttribute"))
        if let value = column.valueAttribute { named.append((value, "groups.memberValue")) }
      }
    }
    for (name, setting) in named where schema.lacks(attribute: name) {
      return missing("attribute", name, setting)
    }
    return nil
  }

  /// Mapped attributes that no entry can have, each with the reason.
  var unknownAttributes: [String: String] {
    guard let schema = layout.schema else { return [:] }
    var reasons: [String: String] = [:]
    for name in mapped {
      if schema.lacks(attribute: name) {
        reasons[name] = missing("attribute", name, "the mapping's accounts rule")
      } else if schema.attribute(name)?.isReadOnly == true {
        reasons[name] = "\(name) is written by the server alone; leave it out of the mapping"
      }
    }
    return reasons
  }

  /// What people should know before something is refused.
  var notices: [String] {
    guard let schema = layout.schema else { return lastMember }
    var notices: [String] = []
    let classes = layout.accountClasses.joined(separator: "+")
    let unknown = unknownAttributes
    for name in mapped where unknown[name] == nil {
      if !schema.allows(name, of: layout.accountClasses) {
        notices.append(
          "\(name) is mapped, and an entry of \(classes) may not have it: a new account would be "
            + "refused; add the class that allows it to accounts.objectClasses")
      }
    }
    if !scope.attributes.isEmpty {
      let given = (mapped + [layout.rdn, layout.anchor, "objectClass"]).map {
        schema.name(of: $0).lowercased()
      }
      for name in schema.demanded(by: layout.accountClasses)
      where !given.contains(schema.name(of: name).lowercased()) {
        notices.append(
          "an entry of \(classes) must have \(schema.name(of: name)), and no mapping gives it: a new "
            + "account would be refused; map it")
      }
    }
    return notices + groupNotices(schema) + lastMember
  }

  /// Told before it happens: a group that must have a member keeps its last one past its end. Without a
  /// schema the standards count.
  private var lastMember: [String] {
    guard !scope.groups.isEmpty, layout.placeholder == nil, !layout.recreatesGroups,
      GroupClass.needsMember(layout.memberAttribute, [layout.groupClass], layout.schema)
    else { return [] }
    return [
      "a \(layout.groupClass) must have a \(layout.memberAttribute), and nothing stands in for the "
        + "last one: it stays in its group past its end. Set 'groups.emptyGroup' to "
        + "{placeholder: DN} or {recreate: true}"
    ]
  }

  private func groupNotices(_ schema: Schema) -> [String] {
    guard layout.groupsBase != nil else { return [] }
    var notices: [String] = []
    for name in groupClasses where schema.lacks(objectClass: name) {
      notices.append(missing("class", name, "groups.objectClass"))
    }
    for name in templateAttributes where schema.lacks(attribute: name) {
      notices.append(missing("attribute", name, "groups.create"))
    }
    for column in layout.columns {
      if column.valueAttribute == nil, schema.holdsNames(column.attribute) == false {
        notices.append(
          "\(column.attribute) does not hold names of entries by the server's schema; say what "
            + "stands in it with groups.memberValue")
      } else if column.valueAttribute != nil, schema.holdsNames(column.attribute) == true {
        notices.append(
          "\(column.attribute) holds names of entries by the server's schema; set "
            + "groups.memberValue: dn")
      }
    }
    return Array(Set(notices)).sorted()
  }

  /// The attributes that a reading of the schema must be asked for.
  var names: [String] {
    mapped + [layout.rdn, layout.anchor, layout.immutableID]
      + layout.columns.flatMap { [$0.attribute, $0.valueAttribute].compactMap(\.self) }
      + templateAttributes
  }

  /// The classes that a reading of the schema must be asked for.
  var classes: [String] { layout.accountClasses + groupClasses }

  private var groupClasses: [String] {
    guard let template = layout.template else { return [layout.groupClass] }
    return [layout.groupClass] + template.classes
  }

  private var templateAttributes: [String] {
    guard let template = layout.template else { return [] }
    return template.attributes.map(\.name) + [template.number?.attribute].compactMap(\.self)
  }

  private var mapped: [String] {
    var names = scope.attributes
    if case .set(let values) = scope.disable { names += values.keys }
    return Array(Set(names)).sorted()
  }

  private func missing(_ kind: String, _ name: String, _ place: String) -> String {
    "the directory's schema has no \(kind) '\(name)'; correct it in \(place), or load the schema that "
      + "defines it"
  }
}
