import AccessModel
import Legibility

/// What the rules that name a group say of it, each with the place that said so.
struct DeclaredGroup {
  var adopt: (value: Bool, location: SourceLocation)?
  var exclusive: (value: Bool, location: SourceLocation)?
}

extension MappingLoader {
  mutating func packageRule(_ node: YAMLNode) -> PackageRule? {
    let keys = ["accessPackage", "id", "catalog", "when", "entitlements"]
    guard let fields = reader.fields(node, keys: keys) else { return nil }
    let match = match(fields)
    let condition = fields["when"].flatMap { expression($0, isCondition: true) }
    let entitlements = entitlements(fields)
    guard let match, condition != nil || fields["when"] == nil else { return nil }
    return PackageRule(
      match: match, condition: condition, entitlements: entitlements, location: fields.location)
  }

  /// `accessPackage: Name`, `accessPackage: {id: …}` or `id: …`.
  private mutating func match(_ fields: YAMLFields) -> PackageRule.Match? {
    let catalog = reader.text(fields["catalog"])
    switch (fields["accessPackage"], fields["id"]) {
    case (nil, nil):
      reader.error("a package rule needs 'accessPackage' or 'id'", at: fields.location)
    case (_?, let id?):
      reader.error("'accessPackage' and 'id' exclude each other", at: id.location)
    case (nil, let id?):
      if let id = reader.text(id) { return .init(name: nil, id: id, catalog: catalog) }
    case (let package?, nil):
      if case .mapping = package.content {
        guard let fields = reader.fields(package, keys: ["id"], required: ["id"]),
          let id = reader.text(fields["id"])
        else { return nil }
        return .init(name: nil, id: id, catalog: catalog)
      }
      if let name = reader.text(package) { return .init(name: name, id: nil, catalog: catalog) }
    }
    return nil
  }

  private mutating func entitlements(_ fields: YAMLFields) -> [Entitlement] {
    guard let list = fields["entitlements"] else {
      reader.error("'entitlements' is missing in a package rule", at: fields.location)
      return []
    }
    guard let nodes = reader.items(list) else { return [] }
    if nodes.isEmpty { reader.error("'entitlements' is empty", at: list.location) }
    var entitlements: [Entitlement] = []
    for node in nodes {
      guard let entitlement = entitlement(node) else { continue }
      let same = entitlements.first {
        $0.target == entitlement.target && $0.object == entitlement.object
      }
      if let same {
        reader.warning("the same entitlement as at \(same.location)", at: entitlement.location)
      } else {
        entitlements.append(entitlement)
      }
    }
    return entitlements
  }

  private mutating func entitlement(_ node: YAMLNode) -> Entitlement? {
    let keys = ["target", "group", "account", "adopt", "exclusive"]
    guard let fields = reader.fields(node, keys: keys, required: ["target"]) else { return nil }
    let target = target(fields["target"])
    let adopt = reader.flag(fields["adopt"])
    let exclusive = reader.flag(fields["exclusive"])
    switch (fields["group"], fields["account"]) {
    case (nil, nil):
      reader.error("an entitlement needs 'group' or 'account: true'", at: node.location)
    case (_?, let account?):
      reader.error("'group' and 'account' exclude each other", at: account.location)
    case (nil, let account?):
      for key in ["adopt", "exclusive"] {
        if let flag = fields[key] { reader.error("'\(key)' goes with 'group'", at: flag.location) }
      }
      guard let value = reader.flag(account) else { return nil }
      guard value else {
        reader.error("'account: false' entitles to nothing", at: account.location)
        return nil
      }
      guard let target else { return nil }
      return Entitlement(target: target.id, object: .account, location: node.location)
    case (let group?, nil):
      guard let name = legible(group), let target,
        let key = key(of: name, in: target, at: group.location)
      else { return nil }
      declare(key, in: target.id, adopt: adopt, exclusive: exclusive, fields)
      return Entitlement(target: target.id, object: .group(key), location: node.location)
    }
    return nil
  }

  /// A name that people can see all of. What is hidden in one would be granted unseen.
  mutating func legible(_ node: YAMLNode) -> String? {
    guard let name = reader.text(node) else { return nil }
    if let hidden = name.unicodeScalars.first(where: \.isHidden) {
      reader.error(
        "\(node.label) contains \(hidden.codePoint), which nobody can see", at: node.location)
      return nil
    }
    return name
  }

  private mutating func key(
    of name: String, in target: KnownTarget, at location: SourceLocation
  ) -> EntitlementKey? {
    do {
      return try target.entitlementKey(name)
    } catch {
      let reason = (error as? TargetError)?.message ?? "\(error)"
      reader.error("'\(target.id)' can have no such group: \(reason)", at: location)
      return nil
    }
  }

  /// Several rules may name one group; what they say of it must agree.
  private mutating func declare(
    _ key: EntitlementKey, in target: TargetID, adopt: Bool?, exclusive: Bool?, _ fields: YAMLFields
  ) {
    var group = groups[target, default: [:]][key] ?? DeclaredGroup()
    settle(&group.adopt, adopt, "adopt", fields)
    settle(&group.exclusive, exclusive, "exclusive", fields)
    groups[target, default: [:]][key] = group
  }

  private mutating func settle(
    _ declared: inout (value: Bool, location: SourceLocation)?, _ value: Bool?, _ key: String,
    _ fields: YAMLFields
  ) {
    guard let value, let location = fields[key]?.location else { return }
    if let declared, declared.value != value {
      reader.error(
        "'\(key): \(value)' contradicts \(declared.location), which names the same group",
        at: location)
    } else if declared == nil {
      declared = (value, location)
    }
  }
}
