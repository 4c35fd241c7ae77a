import Testing

@testable import Expressions

private let ada: [String: [String]] = [
  "email": ["ada@fabrikam.example"], "displayName": ["Ada Lovelace"], "surname": ["Lovelace"],
  "givenName": ["Ada"], "connectedOrganization.displayName": ["Fabrikam"], "empty": [""],
  "proxyAddresses": ["smtp:a@x", "SMTP:b@x"], "phone": ["+49 301234567"], "age": ["42"],
  "nick": ["john_doe72"], "accented": ["Zoë Łukasiewicz Ærø"], "deleted": ["False"],
]

private func evaluate(_ text: String) throws -> Value {
  try Expression(parsing: text).evaluate { ada[$0, default: []] }
}

@Suite struct EvaluationTests {
  @Test(arguments: [
    (#"[displayName]"#, "Ada Lovelace"),
    (#"[connectedOrganization.displayName]"#, "Fabrikam"),
    (#""say \"hi\" \\ bye""#, #"say "hi" \ bye"#),
    (#"ToLower(Replace([email], "@", , , "." , , ))"#, "ada.fabrikam.example"),
    (#"Replace([email], "@fabrikam.example", , ,"", ,)"#, "ada"),
    (#"Replace([givenName], "x", , , , , "x-guest-x")"#, "Ada-guest-Ada"),
    (#"Replace([nick], , "[a-zA-Z_]*", , "", , )"#, "72"),
    (
      #"Replace([phone], , "\\+(?<code>\\d+) (?<rest>\\d+)", , "(${code}) $2 $$1", , )"#,
      "(49) 301234567 $1"
    ),
    (#"Replace([nick], , "_", , "${-1}$9${x}$", , )"#, "john$doe72"),
    (#"Replace([phone], , "\\+(?<code>\\d+) ", "code", "1", , )"#, "+1 301234567"),
    (#"Replace([phone], , "\\+(?<code>\\d+) ", "code", , [age], )"#, "+42 301234567"),
    (#"Append([givenName], ".test")"#, "Ada.test"),
    (#"Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))"#, "AdaLovel"),
    (#"Mid([surname], 6, 99)"#, "ace"),
    (#"Left("John Doe", 3)"#, "Joh"),
    (#"Left("John Doe", -1)"#, "John Doe"),
    (#"Join(" ", [givenName], [missing], [surname])"#, "Ada Lovelace"),
    (#"Join(";", [proxyAddresses], "z")"#, "smtp:a@x;SMTP:b@x;z"),
    (#"Item([proxyAddresses], 2)"#, "SMTP:b@x"),
    (#"Item(Split("a,b,c", ","), 3)"#, "c"),
    (#"Coalesce([missing], [surname], "nobody")"#, "Lovelace"),
    (#"Coalesce([missing], "nobody")"#, "nobody"),
    (#"IIF([givenName] = "Ada", "yes", "no")"#, "yes"),
    (#"IIF([givenName] = "ada", "yes", "no")"#, "no"),
    (#"IIF([missing] = "x", "yes", "no")"#, "no"),
    (#"IIF(And(IsPresent([email]), Not([deleted])), "live", "gone")"#, "live"),
    (#"IIF([age] > 5, "old", "young")"#, "old"),
    (#"Switch([givenName], "none", "Bob", "b", "Ada", "a")"#, "a"),
    (#"Switch([missing], "none", "Bob", "b")"#, "none"),
    (#"Switch(IsPresent([email]), , "True", "has", "False", "lacks")"#, "has"),
    (#"Switch([deleted], , "False", "True", "True", "False")"#, "True"),
    (#"NormalizeDiacritics([accented])"#, "Zoe Lukasiewicz AEro"),
    (#"StripSpaces(" a b  c ")"#, "abc"),
    (#"Trim("  a b \#t")"#, "a b"),
    (#"Trim("   ")"#, ""),
    (#"ToUpper([surname], "en-US")"#, "LOVELACE"),
  ])
  func `a text comes out as the reference page says`(text: String, expected: String) throws {
    #expect(try evaluate(text) == .text(expected))
  }

  @Test(arguments: [
    "[missing]", #"ToLower([missing])"#, #"Append([missing], "x")"#, #"Append("x", [missing])"#,
    #"Left([missing], 3)"#, #"Mid([missing], 1, 3)"#, #"Trim([missing])"#,
    #"StripSpaces([missing])"#,
    #"Join(",", [missing], [missing])"#, #"Replace([missing], "a", , , "b", , )"#,
    #"Replace([email], "a", , , [missing], , )"#, #"Split([missing], ",")"#,
    #"Coalesce([missing])"#,
    #"Item([proxyAddresses], 3)"#, #"NormalizeDiacritics([missing])"#,
    #"Switch("x", , "y", "z")"#, #"IIF([age] < 5, "young", )"#,
  ])
  func `a null never becomes an empty text`(text: String) throws {
    #expect(try evaluate(text) == .null)
  }

  @Test(arguments: [
    (#"[givenName] <> "Bob""#, true), (#"[missing] <> "Bob""#, false), (#"[missing] = """#, false),
    (#"IsPresent([missing])"#, false), (#"IsPresent([empty])"#, false),
    (#"IsNullOrEmpty([empty])"#, true), (#"IsNullOrEmpty([email])"#, false),
    (#"Not([missing])"#, true), (#"Or([missing], [deleted], "TRUE")"#, true),
    (#"And(True, [missing])"#, false), (#""a" < "b""#, true), (#""a" >= "b""#, false),
    (#"IsPresent([email]) = "true""#, true), (#"IsPresent([email]) <> False"#, true),
    (#"[age] >= 42"#, true), (#"9 < "10""#, true), (#""9" < "10""#, false),
    (#"[age] <= 41"#, false),
    ("\"\u{e9}\" = \"e\u{301}\"", false), (#"False"#, false), (#"[deleted]"#, false),
    (#"[missing]"#, false),
  ])
  func `a condition is true or false`(text: String, expected: Bool) throws {
    let condition = try Expression(parsingCondition: text)
    #expect(try condition.isTrue { ada[$0, default: []] } == expected)
  }

  @Test(arguments: [
    (#"ToLower([proxyAddresses])"#, "ToLower", "argument 1 has 2 values"),
    (#"Left([email], [surname])"#, "Left", "argument 2 is no whole number"),
    (#"Mid([email], 0, 3)"#, "Mid", "the first character is 1"),
    (#"Item([email], 0)"#, "Item", "the first value is 1"),
    (#"Not([email])"#, "Not", "neither true nor false"),
    (#"[surname] > 5"#, ">", "argument 1 is no whole number"),
    (#"ToLower([email], "tr-TR")"#, "ToLower", "culture"),
    (#"Split([email], [empty])"#, "Split", "the delimiter is empty"),
    (#"Replace([email], [empty], , , "x", , )"#, "Replace", "oldValue is empty"),
    (#"Replace([email], , "(?<g>x)", [phone], "x", , )"#, "Replace", "no group named"),
    (#"IsPresent([email]) = [email]"#, "=", "argument 2 is neither true nor false"),
  ])
  func `an error names its function and no value`(
    text: String, function: String, message: String
  ) throws {
    let error = try #require(throws: EvaluationError.self) { try evaluate(text) }
    #expect(error.function == function)
    #expect(error.message.contains(message))
    #expect(!error.message.contains("fabrikam"))
  }

  @Test func `a branch that is not taken cannot fail`() throws {
    #expect(try evaluate(#"IIF(True, "a", Left("b", [email]))"#) == .text("a"))
    #expect(try evaluate(#"Coalesce("a", Mid("b", 0, 0))"#) == .text("a"))
    #expect(try evaluate(#"Or(True, Not([email]))"#) == .boolean(true))
  }

  @Test func `nested replacements cannot grow without end`() throws {
    var text = #""aaaaaaaaaa""#
    for _ in 0..<6 { text = #"Replace(\#(text), "a", , , "aaaaaaaaaa", , )"# }
    let error = try #require(throws: EvaluationError.self) { try evaluate(text) }
    #expect(error.message == "the result is longer than 16384 bytes")
  }

  @Test func `the attributes an expression uses are listed once and sorted`() throws {
    let text = #"IIF([b] = [a.c], Join(" ", [b], [z]), "x")"#
    #expect(try Expression(parsing: text).attributes == ["a.c", "b", "z"])
  }

  @Test func `no text makes parser or evaluator crash`() {
    let seeds = [
      #"ToLower(Replace([email], "@", , , "." , , ))"#, #"Mid([surname], 1, -9223372036854775808)"#,
      #"Replace([phone], , "\\+(?<code>\\d+) ", "code", "${1}$-1", , )"#,
      #"IIF(And([age] >= 5, Not([deleted])), Item(Split([email], "@"), 2), Left("x", 3))"#,
      #"Switch([a.b], , "k", Join(" ", [proxyAddresses], "é"), "l", Trim(" ü "))"#,
    ]
    let alphabet = Array(#"()[],"\\=<>-$ .09aZé{}"# + "\n\u{301}\u{202E}")
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var parsed = 0
    for round in 0..<4_000 {
      var characters = Array(seeds[round % seeds.count])
      for _ in 0...random(3) {
        let place = random(characters.count)
        switch random(3) {
        case 0: characters.remove(at: place)
        case 1: characters.insert(alphabet[random(alphabet.count)], at: place)
        default: characters[place] = alphabet[random(alphabet.count)]
        }
      }
      do {
        _ = try evaluate(String(characters))
        parsed += 1
      } catch let error as ExpressionSyntaxError {
        #expect(1...characters.count + 1 ~= error.column && !error.excerpt.isEmpty)
      } catch {
        parsed += 1
      }
    }
    #expect(parsed > 100)
  }
}
