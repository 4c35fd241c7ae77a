import AccessModel
import Mapping

/// How groups of a directory are kept.
extension ConfigurationReader {
  mutating func groups(_ node: YAMLNode?) -> LDAPTargetConfiguration.Groups? {
    let keys = [
      "base", "objectClass", "memberAttribute", "memberAttributes", "memberValue", "emptyGroup",
      "create",
    ]
    guard let fields = yaml.fields(node, keys: keys, required: ["base", "objectClass"]) else {
      return nil
    }
    let base = yaml.text(fields["base"])
    let objectClass = yaml.text(fields["objectClass"])
    let attributes = memberAttributes(fields)
    let memberValue = yaml.text(fields["memberValue"])
    let empty = yaml.fields(fields["emptyGroup"], keys: ["placeholder", "recreate"])
    let placeholder = yaml.text(empty?["placeholder"])
    let recreate = yaml.flag(empty?["recreate"]) ?? false
    let creation = creation(fields["create"])
    if let empty, placeholder == nil, !recreate {
      yaml.error("'emptyGroup' needs 'placeholder: DN' or 'recreate: true'", at: empty.location)
    }
    if let empty, placeholder != nil, recreate {
      yaml.error("'placeholder' and 'recreate' exclude each other", at: empty.location)
    }
    guard let base, let objectClass, let attributes else { return nil }
    let usual = Self.members[objectClass.lowercased()]
    guard let attribute = attributes.first ?? usual?.attribute else {
      yaml.error(
        "'memberAttribute' is missing: it is not known for objectClass '\(objectClass)'",
        at: fields.location)
      return nil
    }
    if ["groupofnames", "groupofuniquenames"].contains(objectClass.lowercased()),
      placeholder == nil, fields["emptyGroup"] == nil
    {
      yaml.warning(
        "'\(objectClass)' must have a member, so the last one of a group could not be removed; name "
          + "one that stays with 'emptyGroup: {placeholder: …}'", at: fields.location)
    }
    let value =
      memberValue.map { $0 == "dn" ? .dn : .attribute($0) }
      ?? (attributes.isEmpty ? usual?.value : nil) ?? Self.value(of: attribute)
    return .init(
      base: base, objectClass: objectClass, memberAttribute: attribute, memberValue: value,
      companions: attributes.dropFirst().map { .init(attribute: $0, value: Self.value(of: $0)) },
      placeholder: placeholder, recreate: recreate, creation: creation)
  }

  /// Empty where none is named; `nil` if what is named is wrong.
  private mutating func memberAttributes(_ fields: YAMLFields) -> [String]? {
    guard let several = fields["memberAttributes"] else {
      guard let one = fields["memberAttribute"] else { return [] }
      return yaml.text(one).map { [$0] }
    }
    if fields["memberAttribute"] != nil {
      yaml.error(
        "'memberAttribute' and 'memberAttributes' exclude each other", at: several.location)
    }
    guard let names = yaml.someTexts(several) else { return nil }
    if Set(names.map { $0.lowercased() }).count < names.count {
      yaml.error("'memberAttributes' names an attribute twice", at: several.location)
    }
    return names
  }

  private mutating func creation(_ node: YAMLNode?) -> LDAPTargetConfiguration.GroupCreation? {
    guard let fields = yaml.fields(node, keys: ["objectClasses", "attributes", "number"]) else {
      return nil
    }
    let classes = fields["objectClasses"].flatMap { yaml.someTexts($0) }
    var attributes: [String: [String]] = [:]
    for entry in yaml.anyFields(fields["attributes"])?.entries ?? [] {
      if let values = yaml.someTexts(entry.value) { attributes[entry.key] = values }
    }
    let keys = ["attribute", "from", "to"]
    let number = yaml.fields(fields["number"], keys: keys, required: keys)
    let attribute = yaml.text(number?["attribute"])
    let from = yaml.wholeNumber(number?["from"], in: 0...Int(Int32.max))
    let to = yaml.wholeNumber(number?["to"], in: 0...Int(Int32.max))
    var range: LDAPTargetConfiguration.GroupCreation.Number?
    if let number, let attribute, let from, let to {
      if from > to {
        yaml.error("'from' is \(from) and 'to' is \(to): there is no number", at: number.location)
      } else {
        range = .init(attribute: attribute, range: from...to)
      }
    }
    return .init(objectClasses: classes ?? [], attributes: attributes, number: range)
  }

  /// What stands in an attribute that is named without saying so.
  private static func value(of attribute: String) -> LDAPTargetConfiguration.MemberValue {
    attribute.lowercased() == "memberuid" ? .attribute("uid") : .dn
  }

  /// How the group classes that directories usually have name their members.
  private static let members:
    [String: (attribute: String, value: LDAPTargetConfiguration.MemberValue)] = [
      "groupofnames": ("member", .dn), "groupofmembers": ("member", .dn), "group": ("member", .dn),
      "groupofuniquenames": ("uniqueMember", .dn), "posixgroup": ("memberUid", .attribute("uid")),
    ]
}
