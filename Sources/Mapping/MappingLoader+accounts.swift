import AccessModel

extension MappingLoader {
  mutating func accountsRule(_ node: YAMLNode) -> AccountsRule? {
    let keys = ["target", "attributes", "correlation", "onLastAssignmentEnded"]
    guard let fields = reader.fields(node, keys: keys, required: ["target", "attributes"]) else {
      return nil
    }
    let target = target(fields["target"])
    let attributes = attributes(fields["attributes"], in: target)
    let correlation =
      reader.choice(fields["correlation"], of: [CorrelationRule.anchor, .adopt]) ?? .anchor
    let ending = ending(fields["onLastAssignmentEnded"], in: target)
    guard let target else { return nil }
    if let node = fields["attributes"], case .mapping(let entries) = node.content,
      !entries.contains(where: { isSame($0.key, target.naturalKeyAttribute) })
    {
      reader.error(
        "'\(target.naturalKeyAttribute)' is missing: it names the accounts of '\(target.id)'",
        at: node.location)
    }
    return AccountsRule(
      target: target.id, attributes: attributes.sorted { $0.name < $1.name },
      rule: AccountRule(
        attributes: attributes.map(\.name), correlation: correlation, disable: ending.disable,
        deleteAfter: ending.deleteAfter),
      location: fields.location)
  }

  private mutating func attributes(
    _ node: YAMLNode?, in target: KnownTarget?
  ) -> [AccountsRule.Attribute] {
    guard let fields = reader.anyFields(node) else { return [] }
    checkNames(fields, in: target)
    return fields.entries.compactMap { entry in
      source(entry.value).map {
        AccountsRule.Attribute(name: entry.key, source: $0, location: entry.value.location)
      }
    }
  }

  /// Attribute names that are no names, name a password, or name one attribute twice.
  private mutating func checkNames(_ fields: YAMLFields, in target: KnownTarget?) {
    for (index, entry) in fields.entries.enumerated() {
      let name = entry.key
      if name.isEmpty || name.contains(where: { $0.isWhitespace || $0 == "=" }) {
        reader.error("'\(name)' is no attribute name", at: entry.location)
      } else if let fault = target?.attributeFault(name) {
        reader.error(fault, at: entry.location)
      }
      if isPassword(name) {
        reader.error("'\(name)': passwords are never written", at: entry.location)
      }
      if let same = fields.entries[..<index].first(where: { isSame($0.key, name) }) {
        reader.error(
          "'\(name)' is the same attribute as '\(same.key)' at \(same.location)", at: entry.location
        )
      }
    }
  }

  /// Neither LDAP nor SCIM tells attribute names apart by case.
  private func isSame(_ left: String, _ right: String) -> Bool {
    left.lowercased() == right.lowercased()
  }

  /// A text is an expression, `{constant: …}` a constant.
  private mutating func source(_ node: YAMLNode) -> AccountsRule.Source? {
    guard case .mapping = node.content else {
      return expression(node).map { .expression($0) }
    }
    guard let fields = reader.fields(node, keys: ["constant"], required: ["constant"]) else {
      return nil
    }
    return reader.texts(fields["constant"]).map { .constant($0) }
  }

  private mutating func ending(
    _ node: YAMLNode?, in target: KnownTarget?
  ) -> (disable: DisableRule?, deleteAfter: CalendarDuration?) {
    guard let fields = reader.fields(node, keys: ["disable", "deleteAfter"]) else {
      return (nil, nil)
    }
    if let delete = fields["deleteAfter"], fields["disable"] == nil {
      reader.error(
        "'deleteAfter' needs 'disable': an account is disabled before it is deleted",
        at: delete.location)
    }
    let disable = fields["disable"].flatMap { disableRule($0, in: target) }
    return (disable, reader.calendarDuration(fields["deleteAfter"]))
  }

  /// `true`, `{set: {name: value}}` or `{moveTo: …}`, as far as the target can.
  private mutating func disableRule(_ node: YAMLNode, in target: KnownTarget?) -> DisableRule? {
    let rule: DisableRule
    let form: KnownTarget.DisableForm
    if case .mapping = node.content {
      guard let fields = reader.fields(node, keys: ["set", "moveTo"]) else { return nil }
      switch (fields["set"], fields["moveTo"]) {
      case (let set?, nil):
        guard let values = disabledValues(set, in: target) else { return nil }
        (rule, form) = (.set(values), .set)
      case (nil, let branch?):
        guard let name = reader.text(branch) else { return nil }
        if let fault = target?.branchFault(name) { reader.error(fault, at: branch.location) }
        (rule, form) = (.moveTo(name), .moveTo)
      default:
        reader.error("'disable' needs either 'set' or 'moveTo'", at: node.location)
        return nil
      }
    } else {
      guard let isWanted = reader.flag(node) else { return nil }
      guard isWanted else {
        reader.error("'disable: false' is said by leaving 'disable' out", at: node.location)
        return nil
      }
      (rule, form) = (.deactivate, .deactivate)
    }
    if let target, !target.disableForms.contains(form) {
      let offered = target.disableForms.map(phrase).sorted().joined(separator: " or ")
      reader.error("'\(target.id)' disables accounts with \(offered)", at: node.location)
      return nil
    }
    return rule
  }

  private func phrase(_ form: KnownTarget.DisableForm) -> String {
    switch form {
    case .set: "'disable: {set: {…}}'"
    case .moveTo: "'disable: {moveTo: …}'"
    case .deactivate: "'disable: true'"
    }
  }

  /// An empty list clears an attribute.
  private mutating func disabledValues(
    _ node: YAMLNode, in target: KnownTarget?
  ) -> [String: [String]]? {
    guard let fields = reader.anyFields(node) else { return nil }
    if fields.entries.isEmpty { reader.error("'set' is empty", at: node.location) }
    checkNames(fields, in: target)
    for entry in fields.entries {
      if let target, isSame(entry.key, target.naturalKeyAttribute) {
        reader.error(
          "'\(entry.key)' names the accounts of '\(target.id)' and cannot be set",
          at: entry.location)
      }
    }
    var values: [String: [String]] = [:]
    for entry in fields.entries { values[entry.key] = reader.texts(entry.value) }
    return values.count == fields.entries.count ? values : nil
  }
}
