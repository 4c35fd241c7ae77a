/// As much of a server's schema as it takes to know what an entry must have.
package struct Schema: Sendable {
  private struct ObjectClass {
    var superiors: [String] = []
    var required: Set<String> = []
  }

  /// By every name and number a class goes by, in lower case.
  private let classes: [String: ObjectClass]

  /// Reads definitions in the form of RFC 4512 §4.1.1; one that is malformed defines nothing.
  package init(objectClasses definitions: [String]) {
    var classes: [String: ObjectClass] = [:]
    for definition in definitions {
      let tokens = Self.tokens(of: definition)
      guard tokens.count > 2, tokens[0] == "(" else { continue }
      var names = [tokens[1]]
      var objectClass = ObjectClass()
      for (index, token) in tokens.enumerated() {
        switch token {
        case "NAME": names += Self.list(in: tokens, after: index)
        case "SUP": objectClass.superiors = Self.list(in: tokens, after: index)
        case "MUST": objectClass.required = Set(Self.list(in: tokens, after: index))
        default: break
        }
      }
      for name in names { classes[name.lowercased()] = objectClass }
    }
    self.classes = classes
  }

  package func knows(objectClass name: String) -> Bool { classes[name.lowercased()] != nil }

  /// Whether an entry of these classes must have a value of the attribute.
  package func requires(_ attribute: String, of objectClasses: [String]) -> Bool {
    required(by: objectClasses).contains(attribute.lowercased())
  }

  /// The attributes that an entry of these classes must have, in lower case, sorted. Those of a class
  /// that the server does not know are not among them.
  package func required(by objectClasses: [String]) -> [String] {
    var required: Set<String> = []
    var seen: Set<String> = []
    var pending = objectClasses.map { $0.lowercased() }
    while let name = pending.popLast() {
      guard seen.insert(name).inserted, let objectClass = classes[name] else { continue }
      required.formUnion(objectClass.required)
      pending += objectClass.superiors
    }
    return required.sorted()
  }

  /// One word, or the words between parentheses, in lower case.
  private static func list(in tokens: [String], after index: Int) -> [String] {
    let rest = tokens.dropFirst(index + 1)
    guard rest.first == "(" else { return rest.prefix(1).map { $0.lowercased() } }
    return rest.dropFirst().prefix { $0 != ")" }.filter { $0 != "$" }.map { $0.lowercased() }
  }

  /// Words, `(`, `)`, `$`; a quoted string is one word.
  private static func tokens(of definition: String) -> [String] {
    var tokens: [String] = []
    var word = ""
    var isQuoted = false
    for character in definition {
      if isQuoted {
        if character == "'" { isQuoted = false } else { word.append(character) }
        continue
      }
      switch character {
      case "'": isQuoted = true
      case "(", ")", "$", " ":
        if !word.isEmpty { tokens.append(word) }
        word = ""
        if character != " " { tokens.append(String(character)) }
      default: word.append(character)
      }
    }
    if !word.isEmpty { tokens.append(word) }
    return tokens
  }
}
