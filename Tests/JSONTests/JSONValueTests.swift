import JSON
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    (
      #" {"b" : [1, -2.5e+3, true, null], "a" : "x\n\"é\\"} "#,
      #"{"a":"x\u000a\"é\\","b":[1,-2.5e+3,true,null]}"#
    ),
    (#""😀""#, #""😀""#), ("[]", "[]"), ("{}", "{}"), ("0", "0"),
    ("\u{feff}{}", "{}"), (#""\/\b""#, #""/\u0008""#),
  ])
  func `JSON is read and written`(text: String, expected: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(String(decoding: value.encoded, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    "", "{", "[1,]", #"{"a":1,}"#, #"{"a":1,"a":2}"#, "01", "1.", "-", "nul", #""\u0000""#,
    #""\ud800""#, #""\x""#, "\"\n\"", "{} {}", "[1 2]", "{1:2}", "'a'", "+1", ".5", "1e",
    String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
  ])
  func `what is not JSON is an error`(text: String) {
    #expect(throws: MalformedJSON.self) { try JSONValue(parsing: Array(text.utf8)) }
  }

  @Test func `text that is not UTF-8 is an error`() {
    #expect(throws: MalformedJSON.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
  }

  @Test func `names of attributes ignore case`() throws {
    var value = try JSONValue(parsing: Array(#"{"UserName":"ada"}"#.utf8))
    #expect(value["userName"]?.text == "ada")
    value["username"] = "grace"
    #expect(value == ["UserName": "grace"])
  }
}
