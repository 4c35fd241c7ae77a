/// What a server's schema says of its classes and attributes (RFC 4512 §4.1).
package struct Schema: Sendable {
  /// An attribute type. What it does not say itself it has from its superior.
  package struct Attribute: Equatable, Sendable {
    /// As the definition spells it: the first name, or the number where it has no name.
    package let name: String
    let superior: String?
    /// Number of the syntax, without a length.
    let syntax: String?
    /// Name or number of the rule by which two values are the same.
    let equality: String?
    package let isSingleValued: Bool
    /// Only the server writes it.
    package let isReadOnly: Bool
  }

  struct ObjectClass {
    var superiors: [String] = []
    var required: [String] = []
    var optional: [String] = []
  }

  /// By every name and number a class goes by, in lower case.
  private let classes: [String: ObjectClass]
  /// The same of attributes; empty where the server shows none.
  private let attributes: [String: Attribute]
  /// What was asked for, in lower case; `nil` for everything.
  private let asked: Set<String>?

  /// Definitions as a server gives them, in the form of RFC 4512 §4.1.1, §4.1.2 and §4.1.6.
  struct Definitions {
    var objectClasses: [String] = []
    var attributeTypes: [String] = []
    var contentRules: [String] = []
  }

  /// A definition that is malformed defines nothing.
  package init(objectClasses: [String], attributeTypes: [String] = [], contentRules: [String] = [])
  {
    self.init(
      Definitions(
        objectClasses: objectClasses, attributeTypes: attributeTypes, contentRules: contentRules),
      asked: nil)
  }

  init(_ definitions: Definitions, asked: Set<String>?) {
    self.asked = asked
    var classes: [String: ObjectClass] = [:]
    for text in definitions.objectClasses {
      guard let definition = SchemaDefinition(text) else { continue }
      let objectClass = ObjectClass(
        superiors: definition.words("SUP"), required: definition.words("MUST"),
        optional: definition.words("MAY"))
      for name in definition.names { classes[name.lowercased()] = objectClass }
    }
    // What a class may be joined with and must have besides counts as its own.
    for text in definitions.contentRules {
      guard let rule = SchemaDefinition(text) else { continue }
      for name in rule.names {
        classes[name.lowercased()]?.superiors += rule.words("AUX")
        classes[name.lowercased()]?.required += rule.words("MUST")
        classes[name.lowercased()]?.optional += rule.words("MAY")
      }
    }
    var attributes: [String: Attribute] = [:]
    for text in definitions.attributeTypes {
      guard let definition = SchemaDefinition(text), let first = definition.names.first else {
        continue
      }
      let attribute = Attribute(
        name: definition.names.count > 1 ? definition.names[1] : first,
        superior: definition.words("SUP").first,
        syntax: definition.words("SYNTAX").first.map { String($0.prefix { $0 != "{" }) },
        equality: definition.words("EQUALITY").first,
        isSingleValued: definition.has("SINGLE-VALUE"),
        isReadOnly: definition.has("NO-USER-MODIFICATION"))
      for name in definition.names { attributes[name.lowercased()] = attribute }
    }
    self.classes = classes
    self.attributes = attributes
  }

  /// Whether there is surely no such class.
  package func lacks(objectClass name: String) -> Bool {
    classes[name.lowercased()] == nil && asked?.contains(name.lowercased()) ?? true
  }

  /// By any of its names or its number, whatever options follow. `nil` if there is none.
  package func attribute(_ description: String) -> Attribute? {
    attributes[Self.type(of: description)]
  }

  /// Whether there is surely no such attribute: a server that shows no attributes lacks none.
  package func lacks(attribute description: String) -> Bool {
    !attributes.isEmpty && attribute(description) == nil
      && asked?.contains(Self.type(of: description)) ?? true
  }

  /// What the server calls the attribute in its answers, with the options of `description`; that
  /// itself where the schema does not know it.
  package func name(of description: String) -> String {
    guard let attribute = attribute(description) else { return description }
    return attribute.name + description.drop { $0 != ";" }
  }

  /// Whether values are names of entries: DNs (RFC 4517 §3.3.9), or those with a number of their own
  /// (§3.3.21). `nil` if the schema does not say.
  package func holdsNames(_ description: String) -> Bool? {
    inherited(description, \.syntax).map {
      ["1.3.6.1.4.1.1466.115.121.1.12", "1.3.6.1.4.1.1466.115.121.1.34"].contains($0)
    }
  }

  /// The rule by which two values are the same, as the schema names it.
  package func equalityRule(of description: String) -> String? {
    inherited(description, \.equality)
  }

  /// Whether an entry of these classes must have a value of the attribute.
  package func requires(_ attribute: String, of objectClasses: [String]) -> Bool {
    let wanted = name(of: attribute).lowercased()
    return required(by: objectClasses).contains { name(of: $0).lowercased() == wanted }
  }

  /// The attributes that an entry of these classes must have, in lower case, sorted. Those of a class
  /// that the server does not know are not among them.
  package func required(by objectClasses: [String]) -> [String] {
    var required: Set<String> = []
    for objectClass in lineage(of: objectClasses) {
      required.formUnion(objectClass.required.map { $0.lowercased() })
    }
    return required.sorted()
  }

  /// Whether an entry of these classes may have the attribute, as far as the classes say.
  package func allows(_ attribute: String, of objectClasses: [String]) -> Bool {
    if objectClasses.contains(where: { $0.lowercased() == "extensibleobject" }) { return true }
    let wanted = name(of: Self.type(of: attribute)).lowercased()
    return lineage(of: objectClasses).contains { objectClass in
      (objectClass.required + objectClass.optional).contains {
        name(of: $0).lowercased() == wanted
      }
    }
  }

  private func lineage(of objectClasses: [String]) -> [ObjectClass] {
    var found: [ObjectClass] = []
    var seen: Set<String> = []
    var pending = objectClasses.map { $0.lowercased() }
    while let name = pending.popLast() {
      guard seen.insert(name).inserted, let objectClass = classes[name] else { continue }
      found.append(objectClass)
      pending += objectClass.superiors.map { $0.lowercased() }
    }
    return found
  }

  private func inherited(
    _ description: String, _ property: KeyPath<Attribute, String?>
  ) -> String? {
    var next = attribute(description)
    var seen: Set<String> = []
    while let attribute = next, seen.insert(attribute.name).inserted {
      if let value = attribute[keyPath: property] { return value }
      next = attribute.superior.flatMap { self.attribute($0) }
    }
    return nil
  }

  static func type(of description: String) -> String {
    String(description.prefix { $0 != ";" }).lowercased()
  }
}
