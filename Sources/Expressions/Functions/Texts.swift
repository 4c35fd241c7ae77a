/// One text in, one text out. Null in, null out.
extension Function {
  static let texts: [Function] = [
    Function("Append", [.text("source"), .text("suffix")]) { call in
      guard let source = try call.text(0), let suffix = try call.text(1) else { return .null }
      return .text(source + suffix)
    },
    Function("Left", [.text("source"), .number("count")]) { call in
      guard let source = try call.text(0) else { return .null }
      let count = try call.number(1)
      return .text(count < 0 ? source : String(source.prefix(count)))
    },
    Function("Mid", [.text("source"), .number("start"), .number("length")]) { call in
      guard let source = try call.text(0) else { return .null }
      let (start, length) = (try call.number(1), try call.number(2))
      guard start >= 1 else { throw call.fault("start is \(start); the first character is 1") }
      guard length >= 0 else { throw call.fault("length is \(length); it cannot be negative") }
      return .text(String(source.dropFirst(start - 1).prefix(length)))
    },
    Function("NormalizeDiacritics", [.text("source")]) { call in
      try call.text(0).map { .text(withoutDiacritics($0)) } ?? .null
    },
    Function("StripSpaces", [.text("source")]) { call in
      try call.text(0).map { .text($0.filter { $0 != " " }) } ?? .null
    },
    Function("Trim", [.text("source")]) { call in
      guard let source = try call.text(0) else { return .null }
      let start = source.drop(while: \.isWhitespace)
      let end = start.lastIndex { !$0.isWhitespace }
      return .text(end.map { String(start[...$0]) } ?? "")
    },
    Function("ToLower", [.text("source"), .text("culture", optional: true)]) { call in
      try checkCulture(call)
      return try call.text(0).map { .text($0.lowercased()) } ?? .null
    },
    Function("ToUpper", [.text("source"), .text("culture", optional: true)]) { call in
      try checkCulture(call)
      return try call.text(0).map { .text($0.uppercased()) } ?? .null
    },
  ]

  /// Case is mapped without regard to a language; Turkish, Azeri and Lithuanian would need it.
  private static func checkCulture(_ call: Call) throws(EvaluationError) {
    guard let culture = try call.text(1) else { return }
    let language = culture.prefix { $0 != "-" }.lowercased()
    guard !["tr", "az", "lt"].contains(language) else {
      throw call.fault("the case rules of culture '\(culture)' are not available")
    }
  }
}
