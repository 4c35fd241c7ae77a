import Testing

@testable import Expressions

@Suite struct ParsingTests {
  @Test(arguments: [
    ("", 1, "the expression is empty"),
    ("  ", 3, "the expression is empty"),
    ("ToLowr([email])", 1, "unknown function 'ToLowr'; did you mean 'ToLower'?"),
    ("tolower([email])", 1, "did you mean 'ToLower'?"),
    ("Frobnicate([email])", 1, "there are And, Append,"),
    ("ToLower([email]", 8, "')' is missing for ToLower's '('"),
    ("ToLower([email]))", 17, "')' belongs to no function call"),
    ("[email", 1, "']' is missing"),
    ("[]", 1, "an attribute name is missing"),
    ("[ email ]", 1, "spaces around it"),
    ("email", 1, "write [email] for an attribute"),
    (#""open"#, 1, "the closing '\"' of this text is missing"),
    (#"Append([a], "x\d")"#, 15, "'\\d' is no escape"),
    ("Append([a], “x”)", 13, "straight double quotes"),
    ("[a] == [b]", 5, "write '='"),
    ("[a] = [b] = [c]", 11, "one comparison at a time"),
    ("[a] & [b]", 5, "write And("),
    ("[a] [b]", 5, "'[' follows the expression"),
    ("Append([a])", 1, "suffix is missing"),
    ("Append([a], )", 1, "suffix (argument 2) is empty"),
    ("Append([a], [b], [c])", 1, "takes at most 2 arguments, not 3"),
    ("Join()", 1, "separator is missing"),
    (#"Left([a], "three")"#, 11, "count of Left: a whole number is needed"),
    (#"ToLower(Split([a], ","))"#, 9, "a list cannot be used here"),
    (#"IIF("x", [a], [b])"#, 5, "a condition is needed"),
    ("Not(5)", 5, "a condition is needed, not a number"),
    (#"Switch([a], "d", "k")"#, 1, "key and value come together"),
    (#"Switch([a], "d", "k", "v", "k2")"#, 1, "key and value come together"),
    (#"Replace([a], "x")"#, 1, "oldValue needs either"),
    (#"Replace([a], , , , "x", , )"#, 1, "either oldValue or regexPattern"),
    (#"Replace([a], , [b], , "x", , )"#, 1, "regexPattern must be a text in quotes"),
    (#"Replace([a], , "(", , "x", , )"#, 1, "no regular expression"),
    (#"Replace([a], , "(?<g>x)", "h", "x", , )"#, 1, "no group named 'h'"),
    ("Left([a], 1.5)", 11, "'1.5' is no whole number"),
    ("Left([a], 99999999999999999999)", 11, "no whole number"),
  ])
  func `a fault is named with its column`(text: String, column: Int, message: String) throws {
    let error = try #require(throws: ExpressionSyntaxError.self) { try Expression(parsing: text) }
    #expect(error.column == column)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test func `a caret points at the fault`() throws {
    let text = "Join(\" \",\n  [a], ToLowr([b]))"
    let error = try #require(throws: ExpressionSyntaxError.self) { try Expression(parsing: text) }
    #expect(error.excerpt == "  [a], ToLowr([b]))\n       ^")
  }

  @Test(arguments: [#""text""#, #"Split([a], ",")"#, "5"])
  func `what is never true nor false is no condition`(text: String) {
    #expect(throws: ExpressionSyntaxError.self) { try Expression(parsingCondition: text) }
  }

  @Test func `length and depth have limits`() throws {
    let long = "\"" + String(repeating: "x", count: 9_998) + "\""
    _ = try Expression(parsing: long)
    #expect(throws: ExpressionSyntaxError.self) { try Expression(parsing: long + " ") }

    func nested(_ depth: Int) -> String {
      String(repeating: "Trim(", count: depth) + "[a]" + String(repeating: ")", count: depth)
    }
    _ = try Expression(parsing: nested(63))
    let error = try #require(throws: ExpressionSyntaxError.self) {
      try Expression(parsing: nested(64))
    }
    #expect(error.message == "calls are nested more than 64 deep")
    #expect(throws: ExpressionSyntaxError.self) { try Expression(parsing: nested(2_000)) }
  }

  @Test(arguments: [
    ("gruop", "group"), ("ToLwoer", "ToLower"), ("acessPackage", "accessPackage"),
  ])
  func `the nearest word is found`(word: String, expected: String) {
    let candidates = ["group", "target", "accessPackage", "ToLower", "ToUpper"]
    #expect(nearest(to: word, among: candidates) == expected)
    #expect(nearest(to: "zzzzzz", among: candidates) == nil)
  }
}
