/// Recursive descent over the characters of one expression.
///
///     expression = operand [ ("=" | "<>" | ">" | ">=" | "<" | "<=") operand ]
///     operand    = "[" name "]" | text | number | "True" | "False" | name "(" arguments ")"
///     arguments  = [ [expression] { "," [expression] } ]
struct ExpressionParser {
  /// The limit of Entra's own editor.
  static let maximumLength = 10_000
  static let maximumDepth = 64

  private let text: String
  private let characters: [Character]
  private var position = 0
  private var depth = 0

  init(_ text: String) throws(ExpressionSyntaxError) {
    self.text = text
    characters = Array(text)
    guard characters.count <= Self.maximumLength else {
      let message =
        "the expression has \(characters.count) characters; at most \(Self.maximumLength) are read"
      throw ExpressionSyntaxError(message: message, text: text, column: Self.maximumLength + 1)
    }
  }

  /// The whole text as one expression.
  mutating func expression() throws(ExpressionSyntaxError) -> Node {
    skipSpace()
    guard current != nil else { throw fault("the expression is empty") }
    let node = try comparison()
    skipSpace()
    if let character = current {
      throw fault(
        character == "," || character == ")"
          ? "'\(character)' belongs to no function call" : "'\(character)' follows the expression")
    }
    return node
  }

  /// The whole text as an expression that can be true or false.
  mutating func condition() throws(ExpressionSyntaxError) -> Node {
    let node = try expression()
    if let reason = unfitness(of: node, for: .condition) {
      throw fault("this is no condition: \(reason)", at: 0)
    }
    return node
  }

  private mutating func comparison() throws(ExpressionSyntaxError) -> Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw fault("calls are nested more than \(Self.maximumDepth) deep")
    }
    let left = try operand()
    guard let comparison = try comparisonOperator() else { return left }
    skipSpace()
    let right = try operand()
    skipSpace()
    let next = position
    if try comparisonOperator() != nil {
      throw fault("one comparison at a time; combine them with And(…, …)", at: next)
    }
    return .comparison(comparison, left, right)
  }

  private mutating func comparisonOperator() throws(ExpressionSyntaxError) -> Comparison? {
    skipSpace()
    let start = position
    while let character = current, "=<>!&|".contains(character) { position += 1 }
    guard position > start else { return nil }
    let written = String(characters[start..<position])
    if let comparison = Comparison(rawValue: written) { return comparison }
    let advice =
      switch written {
      case "==": "write '='"
      case "!=": "write '<>'"
      case "&", "&&": "write And(…, …)"
      case "|", "||": "write Or(…, …)"
      default: "the operators are = <> > >= < <="
      }
    throw fault("there is no operator '\(written)'; \(advice)", at: start)
  }

  private mutating func operand() throws(ExpressionSyntaxError) -> Node {
    guard let character = current else { throw fault("a value is missing") }
    switch character {
    case "[": return .attribute(try attributeName())
    case "\"": return .literal(.text(try quotedText()))
    case "“", "”", "'", "‘", "’":
      throw fault("a text is written in straight double quotes, not in \(character)")
    case "-", "0"..."9": return .literal(.number(try number()))
    case ",", ")": throw fault("a value is missing before '\(character)'")
    default: return try word()
    }
  }

  private mutating func attributeName() throws(ExpressionSyntaxError) -> String {
    let start = position
    position += 1
    while let character = current, character != "]" {
      guard character != "[", character != "\"", !character.isNewline else { break }
      position += 1
    }
    guard current == "]" else { throw fault("']' is missing after '['", at: start) }
    let name = String(characters[start + 1..<position])
    guard !name.allSatisfy(\.isWhitespace) else {
      throw fault("an attribute name is missing between '[' and ']'", at: start)
    }
    guard name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
      throw fault("the attribute name has spaces around it", at: start)
    }
    position += 1
    return name
  }

  private mutating func quotedText() throws(ExpressionSyntaxError) -> String {
    let start = position
    position += 1
    var value = ""
    while let character = current, character != "\"" {
      if character == "\\" {
        position += 1
        guard let escaped = current, escaped == "\\" || escaped == "\"" else {
          let shown = current.map { "\\\($0)" } ?? "\\"
          throw fault(
            "'\(shown)' is no escape: a backslash in a text is written '\\\\'", at: position - 1)
        }
        value.append(escaped)
      } else {
        value.append(character)
      }
      position += 1
    }
    guard current != nil else { throw fault("the closing '\"' of this text is missing", at: start) }
    position += 1
    return value
  }

  private mutating func number() throws(ExpressionSyntaxError) -> Int {
    let start = position
    position += 1
    while let character = current, character.isASCII, character.isNumber || character == "." {
      position += 1
    }
    let written = String(characters[start..<position])
    guard let number = Int(written) else {
      throw fault("'\(written)' is no whole number", at: start)
    }
    return number
  }

  private mutating func word() throws(ExpressionSyntaxError) -> Node {
    let start = position
    while let character = current,
      character.isLetter || character.isNumber || "_.".contains(character)
    { position += 1 }
    guard position > start else { throw fault("'\(characters[start])' starts no value") }
    let name = String(characters[start..<position])
    skipSpace()
    if current == "(" {
      guard let function = Function.named(name) else {
        let names = Function.table.keys
        let advice =
          nearest(to: name, among: names).map { "did you mean '\($0)'?" }
          ?? "there are \(names.sorted().joined(separator: ", "))"
        throw fault("unknown function '\(name)'; \(advice)", at: start)
      }
      return .call(function, try arguments(of: function, at: start))
    }
    switch name {
    case "True", "true": return .literal(.boolean(true))
    case "False", "false": return .literal(.boolean(false))
    default:
      throw fault(
        "'\(name)' is no value: write [\(name)] for an attribute, \"\(name)\" for a text", at: start
      )
    }
  }

  private mutating func arguments(
    of function: Function, at start: Int
  ) throws(ExpressionSyntaxError) -> [Node] {
    let opening = position
    position += 1
    var nodes: [Node] = []
    while true {
      skipSpace()
      let argumentStart = position
      switch current {
      case ",", ")": nodes.append(.omitted)
      default: nodes.append(try comparison())
      }
      if let parameter = function.parameter(at: nodes.count - 1),
        let reason = unfitness(of: nodes[nodes.count - 1], for: parameter.kind)
      {
        throw fault("\(parameter.name) of \(function.name): \(reason)", at: argumentStart)
      }
      skipSpace()
      guard let character = current else {
        throw fault("')' is missing for \(function.name)'s '('", at: opening)
      }
      guard character == "," || character == ")" else {
        throw fault("',' or ')' is missing before '\(character)'")
      }
      position += 1
      if character == ")" { break }
    }
    if case .omitted = nodes[0], nodes.count == 1 { nodes = [] }
    if let reason = function.refusal(of: nodes) { throw fault(reason, at: start) }
    return nodes
  }

  /// Why a part of the expression cannot be what is asked for, as far as that can be known.
  private func unfitness(of node: Node, for kind: Kind) -> String? {
    switch (kind, node.kind) {
    case (.text, .list), (.number, .list), (.condition, .list):
      return "a list cannot be used here; take one with Item(…, n) or Join(…)"
    case (.number, .condition):
      return "a whole number is needed"
    case (.number, .text):
      guard case .literal(.text(let text)) = node, Int(text) == nil else { return nil }
      return "a whole number is needed, not a text"
    case (.condition, .number):
      return "a condition is needed, not a number"
    case (.condition, .text):
      guard case .literal(let literal) = node, literal.truth == nil else { return nil }
      return "a condition is needed, such as [name] = \"text\""
    default:
      return nil
    }
  }

  private var current: Character? {
    position < characters.count ? characters[position] : nil
  }

  private mutating func skipSpace() {
    while let character = current, character.isWhitespace { position += 1 }
  }

  private func fault(_ message: String, at index: Int? = nil) -> ExpressionSyntaxError {
    ExpressionSyntaxError(message: message, text: text, column: (index ?? position) + 1)
  }
}
