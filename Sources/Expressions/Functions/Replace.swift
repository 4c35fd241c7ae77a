/// Replace, whose meaning depends on which of its arguments are given.
///
///     oldValue and replacementValue          every oldValue in source
///     oldValue and template                  every oldValue in template, by source
///     regexPattern and replacementValue      every match; ${name} and $1 stand for groups
///     … and regexGroupName                   what that group matched, in every match
///     … with replacementAttributeName        the same, by that attribute's value
extension Function {
  static let replace = Function(
    "Replace",
    [
      .text("source"), .text("oldValue", optional: true), .text("regexPattern", optional: true),
      .text("regexGroupName", optional: true), .text("replacementValue", optional: true),
      .text("replacementAttributeName", optional: true), .text("template", optional: true),
    ],
    check: refusalOfReplace
  ) { call in
    guard let source = try call.text(0) else { return .null }
    if !call.isOmitted(2) { return try replacingMatches(in: source, call) }
    guard let old = try call.text(1), !old.isEmpty else { throw call.fault("oldValue is empty") }
    if call.isOmitted(6) {
      guard let replacement = try call.text(4) else { return .null }
      return .text(try joining(pieces(of: source, between: old), with: replacement, call))
    }
    guard let template = try call.text(6) else { return .null }
    return .text(try joining(pieces(of: template, between: old), with: source, call))
  }

  @Sendable private static func refusalOfReplace(_ arguments: [Node]) -> String? {
    let given = arguments.map { if case .omitted = $0 { false } else { true } }
    func has(_ index: Int) -> Bool { index < given.count && given[index] }
    switch (has(1), has(2)) {
    case (true, true): return "oldValue and regexPattern exclude each other"
    case (false, false): return "either oldValue or regexPattern is needed"
    case (true, false):
      if has(3) || has(5) {
        return "regexGroupName and replacementAttributeName go with regexPattern"
      }
      return has(4) != has(6) ? nil : "oldValue needs either replacementValue or template"
    case (false, true):
      if has(6) { return "template goes with oldValue" }
      guard has(4) != has(5) else {
        return "regexPattern needs either replacementValue or replacementAttributeName"
      }
      if has(5), !has(3) { return "replacementAttributeName needs regexGroupName" }
      guard case .literal(.text(let pattern)) = arguments[2] else {
        return "regexPattern must be a text in quotes, not something that sources decide"
      }
      do {
        let regex = try Regex(pattern)
        guard has(3), case .literal(.text(let name)) = arguments[3] else { return nil }
        return regex.contains(captureNamed: name)
          ? nil : "regexPattern has no group named '\(name)'"
      } catch {
        return "regexPattern is no regular expression"
      }
    }
  }

  private static func replacingMatches(
    in source: String, _ call: Call
  ) throws(EvaluationError) -> Value {
    guard source.utf8.count <= 1_024 else {
      throw call.fault("source is longer than 1024 bytes, too long for a pattern")
    }
    guard let pattern = try call.text(2), let replacement = try call.text(call.isOmitted(4) ? 5 : 4)
    else { return .null }
    let group = try call.text(3)
    let regex: Regex<AnyRegexOutput>
    do {
      regex = try call.evaluator.patterns.regex(pattern)
    } catch {
      throw call.fault("regexPattern is no regular expression")
    }
    if let group, !regex.contains(captureNamed: group) {
      throw call.fault("regexPattern has no group named '\(group)'")
    }
    var result = ""
    var position = source.startIndex
    for match in source.matches(of: regex) {
      let range = group.map { match[$0]?.range } ?? match.range
      guard let range, range.lowerBound >= position else { continue }
      result += source[position..<range.lowerBound]
      result += group == nil ? filled(replacement, from: match) : replacement
      position = range.upperBound
      try call.checkLength(of: .text(result))
    }
    return .text(result + source[position...])
  }

  private static func joining(
    _ pieces: [String], with replacement: String, _ call: Call
  ) throws(EvaluationError) -> String {
    var result = pieces[0]
    for piece in pieces.dropFirst() {
      result += replacement + piece
      try call.checkLength(of: .text(result))
    }
    return result
  }

  /// Puts what groups matched for `${name}`, `${1}` and `$1`; `$$` is a dollar sign.
  private static func filled(
    _ replacement: String, from match: Regex<AnyRegexOutput>.Match
  ) -> String {
    var result = ""
    var rest = replacement[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "$" {
        result += "$"
        rest.removeFirst()
      } else if rest.first == "{", let end = rest.firstIndex(of: "}") {
        let name = rest[rest.index(after: rest.startIndex)..<end]
        result += captured(name, in: match)
        rest = rest[rest.index(after: end)...]
      } else {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        result += digits.isEmpty ? "$" : captured(digits, in: match)
        rest = rest[digits.endIndex...]
      }
    }
    return result + rest
  }

  private static func captured(
    _ name: Substring, in match: Regex<AnyRegexOutput>.Match
  ) -> Substring {
    if let number = Int(name) {
      return match.indices.contains(number) ? match[number].substring ?? "" : ""
    }
    return match[String(name)]?.substring ?? ""
  }
}
