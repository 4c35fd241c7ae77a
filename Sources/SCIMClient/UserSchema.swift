internal import JSON

/// What a service says its Users have (RFC 7643 §7).
package struct UserSchema: Sendable, Equatable {
  package enum Writability: Sendable, Equatable {
    case free
    /// Only when the user is created.
    case fixed
    /// Kept by the service.
    case readOnly
    case missing
  }

  /// By name in lower case: `emails`, `emails.value`, `urn:…:user:department`.
  private var attributes: [String: Writability] = [:]
  /// What must have a value.
  private var required: Set<String> = []
  /// Extensions in lower case.
  private var extensions: Set<String> = []

  /// `nil` if the list has no User schema that can be believed.
  init?(schemas: [JSONValue]) {
    for schema in schemas {
      guard let id = schema["id"]?.text?.lowercased(),
        let described = schema["attributes"]?.elements
      else { continue }
      let isCore = id == ResourceType.user.schema.lowercased()
      if !isCore { extensions.insert(id) }
      for attribute in described { describe(attribute, below: isCore ? "" : "\(id):") }
    }
    if attributes["username"] == nil { return nil }
  }

  private mutating func describe(_ attribute: JSONValue, below prefix: String) {
    guard let name = attribute["name"]?.text?.lowercased() else { return }
    let key = prefix + name
    attributes[key] =
      switch attribute["mutability"]?.text?.lowercased() {
      case "immutable": .fixed
      case "readonly": .readOnly
      default: .free
      }
    if attribute["required"]?.boolean == true { required.insert(key) }
    for part in attribute["subAttributes"]?.elements ?? [] { describe(part, below: "\(key).") }
  }

  /// `part` is a sub-attribute; one that the service does not describe counts as missing only where
  /// it describes others of the same attribute.
  package func writability(extension: String?, name: String, part: String?) -> Writability {
    if let id = `extension`?.lowercased(), !extensions.contains(id) { return .missing }
    let key = (`extension`.map { "\($0):" } ?? "") + name
    guard let whole = attributes[key.lowercased()] else { return .missing }
    guard whole == .free, let part else { return whole }
    return hasParts(key) ? attributes["\(key).\(part)".lowercased()] ?? .missing : .free
  }

  /// Whether a part must come with its attribute.
  package func requires(_ name: String, _ part: String) -> Bool {
    required.contains("\(name).\(part)".lowercased())
  }

  /// Whether the elements of a list say of what type they are.
  package func hasTypes(_ list: String) -> Bool {
    !hasParts(list) || attributes["\(list).type".lowercased()] != nil
  }

  private func hasParts(_ key: String) -> Bool {
    let prefix = "\(key.lowercased())."
    return attributes.keys.contains { $0.hasPrefix(prefix) }
  }
}
