import Testing

@testable import AssignmentSources

struct JSONTokenizerTests {
  struct Bad: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let place: String
    let reason: String

    init(_ text: String, _ place: String, _ reason: String) {
      self.init(bytes: Array(text.utf8), place, reason)
    }

    init(bytes: [UInt8], _ place: String, _ reason: String) {
      self.bytes = bytes
      self.place = place
      self.reason = reason
    }

    var testDescription: String { "\(place) \(reason)" }
  }

  private static let tooDeep = String(repeating: "[", count: 65)

  @Test(arguments: [
    Bad(" \n", "2:1", "the document ends where a value is due"),
    Bad("[", "1:2", "the document ends where a value is due"),
    Bad("[1", "1:3", "the document ends where ',' or ']' is due"),
    Bad("[1,]", "1:4", "']' where a value is due"),
    Bad("[,1]", "1:2", "',' where a value is due"),
    Bad("{\"a\":1,}", "1:8", "'}' where a member's name in quotes is due"),
    Bad("{\"a\":1\n\"b\":2}", "2:1", "'\"' where ',' or '}' is due"),
    Bad("{\"a\" 1}", "1:6", "'1' where ':' is due"),
    Bad("{a:1}", "1:2", "'a' where a member's name in quotes is due"),
    Bad("{\"a\":1,\n \"a\":2}", "2:5", "the member 'a' is repeated in its object"),
    Bad("{\"é\":1, \"\\u00e9\":2}", "1:17", "the member 'é' is repeated in its object"),
    Bad("[1] 2", "1:5", "text follows the end of the document"),
    Bad("[1]]", "1:4", "text follows the end of the document"),
    Bad("[01]", "1:3", "'1' where ',' or ']' is due"),
    Bad("[1.]", "1:4", "']' where a digit is due"),
    Bad("[-]", "1:3", "']' where a digit is due"),
    Bad("[1e]", "1:4", "']' where a digit is due"),
    Bad("[+1]", "1:2", "'+' where a value is due"),
    Bad("[NaN]", "1:2", "'N' where a value is due"),
    Bad("[nul]", "1:5", "']' where null is due"),
    Bad("['a']", "1:2", "''' where a value is due"),
    Bad("[\"a", "1:4", "the document ends inside a string"),
    Bad("[\"a\tb\"]", "1:4", "a control character in a string must be escaped"),
    Bad("[\"a\nb\"]", "1:4", "a control character in a string must be escaped"),
    Bad("[\"a\u{0}b\"]", "1:4", "a control character in a string must be escaped"),
    Bad("[\"\\u0000\"]", "1:9", "NUL is not allowed in a string"),
    Bad("[\"\\ud800\"]", "1:9", "a surrogate escape that is no half of a pair"),
    Bad("[\"\\ud800\\ud800\"]", "1:15", "a surrogate escape that is no half of a pair"),
    Bad("[\"\\udc00\"]", "1:9", "a surrogate escape that is no half of a pair"),
    Bad("[\"\\x41\"]", "1:4", "'x' where an escape character is due"),
    Bad("[\"\\u00g0\"]", "1:7", "'g' where a hexadecimal digit is due"),
    Bad("[1 // one\n]", "1:4", "'/' where ',' or ']' is due"),
    Bad("\u{A0}[]", "1:1", "byte 0xc2 where a value is due"),
    Bad(tooDeep, "1:65", "nested deeper than 64 levels"),
    Bad(bytes: [0xFF, 0xFE, 0x5B, 0x00], "1:1", "the text is UTF-16; it must be UTF-8"),
    Bad(
      bytes: Array("[\"é".utf8) + [0xC3] + Array("\"]".utf8), "1:5",
      "the string that ends here is not valid UTF-8"),
    Bad(
      bytes: Array("[\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"]".utf8), "1:4",
      "the string that ends here is not valid UTF-8"),
    Bad(
      bytes: Array("[\"".utf8) + [0xC0, 0x80] + Array("\"]".utf8), "1:4",
      "the string that ends here is not valid UTF-8"),
  ])
  func `what the grammar does not allow is refused where it stands`(_ bad: Bad) throws {
    for size in [1, 2, 3, 1000] {
      #expect(throws: InputFault.syntax(bad)) { try tokens(bad.bytes, chunk: size) }
    }
  }

  @Test func `a document means the same however it is cut into chunks`() throws {
    let text = """
      {"a":[1,-0.5e+10,true,false,null,"x\\n\\"\\\\\\/\\u00e9\\ud83d\\ude00é😀"],
       "b":{},"c":[], "d":{"a":{"a":0}}}
      """
    let whole = try tokens(Array(text.utf8), chunk: 1000)
    #expect(whole.contains("string x\n\"\\/é😀é😀"))
    #expect(whole.contains("number -0.5e+10"))
    for size in 1...20 { #expect(try tokens(Array(text.utf8), chunk: size) == whole) }
  }

  @Test func `a text of a mebibyte is read and a longer one refused`() throws {
    let longest = Array("\"\(String(repeating: "x", count: JSONTokenizer.maximumText))\"".utf8)
    #expect(try tokens(longest, chunk: 100_000).count == 1)
    #expect(throws: InputFault.self) {
      try tokens(
        [UInt8(ascii: "\"")] + longest.dropFirst().dropLast() + Array("x\"".utf8), chunk: 100_000)
    }
  }

  @Test func `too many members are refused rather than compared for ever`() {
    let members = (0...JSONTokenizer.maximumMembers).map { "\"\($0)\":0" }
    #expect(throws: InputFault.self) {
      try tokens(Array("{\(members.joined(separator: ","))}".utf8), chunk: 100_000)
    }
  }

  @Test func `the same name in different objects is no repetition`() throws {
    _ = try tokens(Array("{\"a\":{\"a\":{}},\"b\":[{\"a\":1},{\"a\":2}]}".utf8), chunk: 9)
  }

  /// One line for each token.
  private func tokens(_ bytes: [UInt8], chunk: Int) throws(InputFault) -> [String] {
    var rest = bytes[...]
    let input = ByteInput { buffer throws(InputFault) in
      let next = rest.prefix(min(chunk, buffer.count))
      buffer.copyBytes(from: next)
      rest = rest.dropFirst(next.count)
      return next.count
    }
    var tokenizer = try JSONTokenizer(input)
    var lines: [String] = []
    while true {
      let token = try tokenizer.next()
      switch token {
      case .end: return lines
      case .name, .string, .number: lines.append("\(token) \(tokenizer.string)")
      default: lines.append("\(token)")
      }
    }
  }
}

extension InputFault {
  fileprivate static func syntax(_ bad: JSONTokenizerTests.Bad) -> InputFault {
    let place = bad.place.split(separator: ":").map { Int($0) ?? 0 }
    return .syntax(line: place[0], column: place[1], reason: bad.reason)
  }
}
