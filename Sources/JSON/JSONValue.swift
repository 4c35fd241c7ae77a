/// A JSON text as data (RFC 8259), for messages that differ too much between services for fixed types.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// As it was written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// A member of an object. Names compare without regard to case, as SCIM asks (RFC 7643 §2.1).
  package subscript(name: String) -> JSONValue? {
    get {
      guard case .object(let members) = self else { return nil }
      if let exact = members[name] { return exact }
      let folded = name.lowercased()
      // ASCII keeps its length, and names of attributes are ASCII (RFC 7643 §2.1).
      return members.first { key, _ in
        key.utf8.count == folded.utf8.count && key.lowercased() == folded
      }?.value
    }
    set {
      guard case .object(var members) = self else { return }
      let folded = name.lowercased()
      let spelling = members.keys.first { $0.lowercased() == folded } ?? name
      members[spelling] = newValue
      self = .object(members)
    }
  }

  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// A scalar as text; `nil` for null, arrays and objects.
  package var text: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): value ? "true" : "false"
    case .null, .array, .object: nil
    }
  }

  /// A boolean, or the words for one: some services write `"True"`.
  package var boolean: Bool? {
    switch text?.lowercased() {
    case "true": true
    case "false": false
    default: nil
    }
  }

  /// A whole number, or a string of its digits.
  package var integer: Int? { text.flatMap { Int($0) } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByBooleanLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
  }
}
