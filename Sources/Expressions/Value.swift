/// What an expression, or a part of it, gives.
package enum Value: Equatable, Sendable {
  /// Absent. Never the same as an empty text, and never turned into one.
  case null
  case text(String)
  /// More than one value, or the result of a function that makes lists.
  case list([String])
  case boolean(Bool)
  case number(Int)

  /// The values of an attribute: none is null, one is a text.
  init(_ values: [String]) {
    switch values.count {
    case 0: self = .null
    case 1: self = .text(values[0])
    default: self = .list(values)
    }
  }

  /// As values of a target attribute. Booleans are spelled as SCIM and YAML spell them.
  package var attributeValues: [String] {
    switch self {
    case .null: []
    case .text(let text): [text]
    case .list(let list): list
    case .boolean(let truth): [truth ? "true" : "false"]
    case .number(let number): [String(number)]
    }
  }

  /// As the answer of a condition: null is false, `True` and `False` may come as texts; `nil` for
  /// anything else.
  var truth: Bool? {
    switch self {
    case .null: false
    case .boolean(let truth): truth
    case .text(let text):
      switch text.lowercased() {
      case "true": true
      case "false": false
      default: nil
      }
    case .list, .number: nil
    }
  }
}

/// What a parameter takes and a function gives, as far as that is known before evaluating.
enum Kind: Sendable {
  case any, text, number, condition, list
}
