import AccessModel
import LDAPClient

/// A configuration that has been checked: where things are in the directory and what they are called.
struct Layout: Sendable {
  typealias Configuration = LDAPTarget.Configuration

  let target: TargetID
  let accountsBase: DistinguishedName
  let accountClasses: [String]
  private(set) var rdn: String
  private(set) var anchor: String
  /// `nil` where only accounts are kept.
  let groupsBase: DistinguishedName?
  let groupClass: String
  /// Where groups hold their members. The first decides who is one; the others are kept equal to it.
  private(set) var columns: [MemberColumn]
  /// Stands in the first column of a group whose class must not be empty.
  let placeholder: String?
  /// How groups are created; `nil` where they are not.
  private(set) var template: GroupTemplate?
  /// Whether a group that would become empty is deleted, and created again when it is needed.
  let recreatesGroups: Bool
  private(set) var immutableID: String
  private let protected: [DistinguishedName]
  /// What the server says of its classes and attributes, once it was asked and if it shows it.
  private(set) var schema: Schema?

  init(_ configuration: Configuration) throws(LDAPConfigurationError) {
    target = configuration.id
    let accounts = configuration.accounts
    accountsBase = try Self.name(accounts.base, "accounts.base")
    guard !accounts.objectClasses.isEmpty else {
      throw LDAPConfigurationError("accounts.objectClasses: name at least one class")
    }
    for name in accounts.objectClasses { try Self.check(name, "accounts.objectClasses") }
    accountClasses = accounts.objectClasses
    rdn = try Self.check(accounts.rdn, "accounts.rdn")
    anchor = try Self.check(accounts.anchor, "accounts.anchor")
    guard AttributeType.normalise(rdn) != AttributeType.normalise(anchor) else {
      throw LDAPConfigurationError(
        "accounts.anchor: '\(anchor)' names the entry already; the subject's id needs another one")
    }

    if let groups = configuration.groups {
      groupsBase = try Self.name(groups.base, "groups.base")
    } else {
      groupsBase = nil
    }
    let groups = configuration.groups ?? Self.anyGroups
    groupClass = try Self.check(groups.objectClass, "groups.objectClass")
    let known = GroupClass.known(groupClass)
    guard let attribute = groups.memberAttribute ?? known?.memberAttribute else {
      throw LDAPConfigurationError(
        "groups.objectClass: '\(groups.objectClass)' is not one of groupOfNames, "
          + "groupOfUniqueNames, groupOfMembers, group and posixGroup; say where its members are with "
          + "groups.memberAttribute")
    }
    let first = try Self.column(attribute, groups.memberValue ?? known?.memberValue ?? .dn)
    columns =
      try [first]
      + groups.companions.map { companion throws(LDAPConfigurationError) in
        try Self.column(companion.attribute, companion.value)
      }
    if let text = groups.placeholder, first.valueAttribute == nil {
      placeholder = try Self.name(text, "groups.emptyGroup.placeholder").description
    } else {
      placeholder = groups.placeholder
    }
    recreatesGroups = groups.recreate
    if recreatesGroups, groups.placeholder != nil {
      throw LDAPConfigurationError(
        "groups.emptyGroup: either a placeholder stays, or the group is deleted and created again")
    }
    template =
      try groups.template.map { template throws(LDAPConfigurationError) in
        try Self.template(template, groups.objectClass)
      }
      ?? (groups.recreate
        ? GroupTemplate(classes: [groups.objectClass], attributes: [], number: nil) : nil)
    immutableID = try Self.check(configuration.immutableID, "immutableID")

    var protected: [DistinguishedName] = []
    for text in configuration.protected { protected.append(try Self.name(text, "protected")) }
    if case .simple(let dn, _) = configuration.bind {
      protected.append(try Self.name(dn, "bind.dn"))
    }
    self.protected = protected
    if let cover = protected.first(where: { accountsBase.isSameOrDescendant(of: $0) }) {
      throw LDAPConfigurationError(
        "accounts.base '\(accountsBase)' lies in '\(cover)', which is protected and never written")
    }
  }

  /// The same with the server's own names of attributes in the place of aliases and numbers: answers
  /// come under those, whatever was asked for.
  func named(by schema: Schema?) -> Layout {
    guard let schema else { return self }
    var layout = self
    layout.schema = schema
    layout.rdn = schema.name(of: rdn)
    layout.anchor = schema.name(of: anchor)
    layout.immutableID = schema.name(of: immutableID)
    layout.columns = columns.map { column in
      MemberColumn(
        attribute: schema.name(of: column.attribute),
        valueAttribute: column.valueAttribute.map { schema.name(of: $0) })
    }
    layout.template = template.map { template in
      GroupTemplate(
        classes: template.classes,
        attributes: template.attributes.map { (schema.name(of: $0.name), $0.values) },
        number: template.number.map { (schema.name(of: $0.attribute), $0.range) })
    }
    return layout
  }

  /// What the server calls an attribute in its answers.
  func name(of attribute: String) -> String { schema?.name(of: attribute) ?? attribute }

  /// Stands in where there are no groups, and no group is ever named.
  private static let anyGroups = Configuration.Groups(base: "", objectClass: "groupOfNames")

  func isProtected(_ name: DistinguishedName) -> Bool {
    protected.contains { name.isSameOrDescendant(of: $0) }
  }

  /// The group's name, if it is one this target may write.
  func groupName(_ text: String) throws(TargetError) -> DistinguishedName {
    let name: DistinguishedName
    do throws(DNSyntaxError) {
      name = try DistinguishedName(parsing: text)
    } catch {
      throw refusal("group \(error)")
    }
    guard let groupsBase else {
      throw refusal("group '\(text)' cannot be: the target is configured without 'groups'")
    }
    guard name.isDescendant(of: groupsBase) else {
      throw refusal("group '\(text)' is not below groups.base '\(groupsBase)'")
    }
    guard !isProtected(name) else {
      throw refusal("group '\(text)' is protected and never written")
    }
    return name
  }

  /// The branches to listen to: the accounts', and the groups' where that is not inside it.
  var branches: [DistinguishedName] {
    guard let groupsBase, !groupsBase.isSameOrDescendant(of: accountsBase) else {
      return [accountsBase]
    }
    return [accountsBase, groupsBase]
  }

  /// What of the configuration decides how members are read.
  var fingerprint: String {
    ([groupsBase?.normalised ?? "", groupClass, immutableID, placeholder ?? ""]
      + columns.flatMap { [$0.attribute, $0.valueAttribute ?? ""] }).joined(separator: "\n")
  }

  var memberAttribute: String { columns[0].attribute }

  /// What stands in a group that must not be empty. A group that is deleted when it becomes empty has
  /// itself as its member from when it is created until it gets another.
  func placeholder(of group: DistinguishedName) -> String? {
    if let placeholder { return placeholder }
    return recreatesGroups && columns[0].valueAttribute == nil ? group.description : nil
  }

  /// The placeholder in the form in which values are compared.
  func placeholderKey(of group: DistinguishedName) -> [UInt8]? {
    placeholder(of: group).map { columns[0].key($0) }
  }

  func refusal(_ message: String) -> TargetError {
    TargetError(target: target, disposition: .skipChange, message: message)
  }

  private static func column(
    _ attribute: String, _ value: Configuration.MemberValue
  ) throws(LDAPConfigurationError) -> MemberColumn {
    let attribute = try check(attribute, "groups.memberAttribute")
    switch value {
    case .dn: return MemberColumn(attribute: attribute, valueAttribute: nil)
    case .uid: return MemberColumn(attribute: attribute, valueAttribute: "uid")
    case .attribute(let name):
      return MemberColumn(
        attribute: attribute, valueAttribute: try check(name, "groups.memberValue"))
    }
  }

  private static func template(
    _ template: Configuration.GroupTemplate, _ objectClass: String
  ) throws(LDAPConfigurationError) -> GroupTemplate {
    let classes = template.objectClasses.isEmpty ? [objectClass] : template.objectClasses
    for name in classes + template.attributes.keys { try check(name, "groups.create") }
    guard classes.contains(where: { $0.lowercased() == objectClass.lowercased() }) else {
      throw LDAPConfigurationError(
        "groups.create.objectClasses: '\(objectClass)', which groups.objectClass names, is missing")
    }
    if let number = template.number { try check(number.attribute, "groups.create") }
    return GroupTemplate(
      classes: classes,
      attributes: template.attributes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      number: template.number)
  }

  private static func name(
    _ text: String, _ setting: String
  ) throws(LDAPConfigurationError) -> DistinguishedName {
    let name: DistinguishedName
    do throws(DNSyntaxError) {
      name = try DistinguishedName(parsing: text)
    } catch {
      throw LDAPConfigurationError("\(setting): \(error)")
    }
    guard !name.names.isEmpty else { throw LDAPConfigurationError("\(setting): the DN is empty") }
    return name
  }

  @discardableResult
  private static func check(
    _ name: String, _ setting: String
  ) throws(LDAPConfigurationError) -> String {
    guard AttributeType.isValid(name), !name.contains(";") else {
      throw LDAPConfigurationError("\(setting): '\(name)' is no name of the directory's schema")
    }
    return name
  }
}
