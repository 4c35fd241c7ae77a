/// An attribute-mapping expression, parsed and checked: the language of Microsoft Entra's
/// provisioning mappings, read from `[attribute]`, `"text"`, numbers, `True`, `False`, function calls
/// and comparisons.
package struct Expression: Sendable {
  /// As it was written.
  package let text: String
  let root: Node

  /// Throws with a column if `text` is not an expression.
  package init(parsing text: String) throws(ExpressionSyntaxError) {
    var parser = try ExpressionParser(text)
    self.text = text
    root = try parser.expression()
  }

  /// Like `init(parsing:)`, and throws too if the result can be neither true nor false.
  package init(parsingCondition text: String) throws(ExpressionSyntaxError) {
    var parser = try ExpressionParser(text)
    self.text = text
    root = try parser.condition()
  }

  /// The attributes the expression names, sorted, each once.
  package var attributes: [String] {
    var names: Set<String> = []
    root.collectAttributes(into: &names)
    return names.sorted()
  }

  /// What the expression gives for one subject. `attribute` gives the values of an attribute, none if
  /// it is absent. Pass the same `patterns` for many subjects, so that each pattern is compiled once.
  package func evaluate(
    patterns: PatternCache = PatternCache(), _ attribute: @escaping (String) -> [String]
  ) throws(EvaluationError) -> Value {
    try Evaluator(attribute: attribute, patterns: patterns).value(of: root)
  }

  /// Whether the condition holds for one subject. Null is false.
  package func isTrue(
    patterns: PatternCache = PatternCache(), _ attribute: @escaping (String) -> [String]
  ) throws(EvaluationError) -> Bool {
    let value = try evaluate(patterns: patterns, attribute)
    guard let truth = value.truth else {
      throw EvaluationError(function: nil, message: "the result is neither true nor false")
    }
    return truth
  }
}

extension Expression: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }
}

/// The typed tree.
indirect enum Node: Sendable {
  case attribute(String)
  case literal(Value)
  /// A positional argument that was left empty.
  case omitted
  case call(Function, [Node])
  case comparison(Comparison, Node, Node)

  /// What can be known of the result without evaluating.
  var kind: Kind {
    switch self {
    case .attribute, .omitted: .any
    case .literal(.number): .number
    case .literal(.boolean), .comparison: .condition
    case .literal: .text
    case .call(let function, _): function.result
    }
  }

  func collectAttributes(into names: inout Set<String>) {
    switch self {
    case .attribute(let name): names.insert(name)
    case .literal, .omitted: break
    case .call(_, let arguments):
      for argument in arguments { argument.collectAttributes(into: &names) }
    case .comparison(_, let left, let right):
      left.collectAttributes(into: &names)
      right.collectAttributes(into: &names)
    }
  }
}

/// The operators of a condition, as they are written.
enum Comparison: String, Sendable {
  case equal = "="
  case notEqual = "<>"
  case greaterOrEqual = ">="
  case lessOrEqual = "<="
  case greater = ">"
  case less = "<"
}
