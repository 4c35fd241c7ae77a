/// Why an expression gives nothing for one subject. Names the function, never a value.
package struct EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
  package let function: String?
  package let message: String

  package var description: String { function.map { "\($0): \(message)" } ?? message }
}

/// Compiled patterns by their text. Belongs to one task.
package final class PatternCache {
  private var compiled: [String: Regex<AnyRegexOutput>] = [:]

  package init() {}

  func regex(_ pattern: String) throws -> Regex<AnyRegexOutput> {
    if let regex = compiled[pattern] { return regex }
    let regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
    compiled[pattern] = regex
    return regex
  }
}

/// Walks the tree for one subject.
struct Evaluator {
  /// No result may be longer, in UTF-8 bytes: nested replacements could grow without end.
  static let maximumLength = 16_384

  let attribute: (String) -> [String]
  let patterns: PatternCache

  func value(of node: Node) throws(EvaluationError) -> Value {
    switch node {
    case .attribute(let name): return Value(attribute(name))
    case .literal(let value): return value
    case .omitted: return .null
    case .call(let function, let arguments):
      let call = Call(function: function.name, arguments: arguments, evaluator: self)
      do {
        let value = try function.body(call)
        try call.checkLength(of: value)
        return value
      } catch {
        throw error as? EvaluationError ?? call.fault("\(error)")
      }
    case .comparison(let comparison, let left, let right):
      let call = Call(function: comparison.rawValue, arguments: [left, right], evaluator: self)
      return .boolean(try call.compare(comparison))
    }
  }
}

/// The arguments of one call. Each is evaluated when it is asked for, so that a branch not taken
/// cannot fail.
struct Call {
  let function: String
  let arguments: [Node]
  let evaluator: Evaluator

  var count: Int { arguments.count }

  /// Null if the argument was left empty or out.
  func value(_ index: Int) throws(EvaluationError) -> Value {
    index < arguments.count ? try evaluator.value(of: arguments[index]) : .null
  }

  /// One text, or `nil` for null.
  func text(_ index: Int) throws(EvaluationError) -> String? {
    try text(of: try value(index), at: index)
  }

  private func text(of value: Value, at index: Int) throws(EvaluationError) -> String? {
    switch value {
    case .null: return nil
    case .text(let text): return text
    case .number(let number): return String(number)
    case .boolean(let truth): return truth ? "True" : "False"
    case .list(let list):
      throw fault(
        "argument \(index + 1) has \(list.count) values where one is needed; take one with Item "
          + "or combine them with Join")
    }
  }

  /// All values; none for null.
  func list(_ index: Int) throws(EvaluationError) -> [String] {
    let value = try value(index)
    if case .list(let list) = value { return list }
    return try text(of: value, at: index).map { [$0] } ?? []
  }

  func number(_ index: Int) throws(EvaluationError) -> Int {
    try number(of: try text(index), at: index)
  }

  private func number(of text: String?, at index: Int) throws(EvaluationError) -> Int {
    guard let text, let number = Int(text) else {
      throw fault("argument \(index + 1) is no whole number")
    }
    return number
  }

  /// Null is false.
  func condition(_ index: Int) throws(EvaluationError) -> Bool {
    try condition(of: try value(index), at: index)
  }

  private func condition(of value: Value, at index: Int) throws(EvaluationError) -> Bool {
    guard let truth = value.truth else {
      throw fault("argument \(index + 1) is neither true nor false")
    }
    return truth
  }

  func isOmitted(_ index: Int) -> Bool {
    guard index < arguments.count else { return true }
    if case .omitted = arguments[index] { return true }
    return false
  }

  /// Texts by their bytes, case-sensitive; numbers and truth by their value, and texts with them.
  /// Whatever is compared with null is false, as in Entra's scoping filters.
  func compare(_ comparison: Comparison) throws(EvaluationError) -> Bool {
    let values = (try value(0), try value(1))
    guard let left = try text(of: values.0, at: 0), let right = try text(of: values.1, at: 1) else {
      return false
    }
    switch values {
    case (.boolean, _), (_, .boolean):
      let (first, second) = (try condition(of: values.0, at: 0), try condition(of: values.1, at: 1))
      return holds(comparison, first ? 1 : 0, second ? 1 : 0)
    case (.number, _), (_, .number):
      return holds(comparison, try number(of: left, at: 0), try number(of: right, at: 1))
    default:
      if left.utf8.elementsEqual(right.utf8) { return holds(comparison, 0, 0) }
      return holds(comparison, left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1, 0)
    }
  }

  private func holds(_ comparison: Comparison, _ left: Int, _ right: Int) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    case .less: left < right
    case .lessOrEqual: left <= right
    }
  }

  func checkLength(of value: Value) throws(EvaluationError) {
    let length =
      switch value {
      case .text(let text): text.utf8.count
      case .list(let list): list.reduce(0) { $0 + $1.utf8.count }
      case .null, .boolean, .number: 0
      }
    guard length <= Evaluator.maximumLength else {
      throw fault("the result is longer than \(Evaluator.maximumLength) bytes")
    }
  }

  func fault(_ message: String) -> EvaluationError {
    EvaluationError(function: function, message: message)
  }
}
