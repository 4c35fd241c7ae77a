import AccessModel
import Testing

struct AttributesTests {
  @Test func `values keep their names, their order and their bytes`() {
    let shape = Attributes.Shape(["mail", "empty", "cn"])
    let attributes = Attributes(
      shape: shape, values: [["b@x", "a@x"], [], ["Ren\u{e9} \u{1f511}", ""]])
    #expect(attributes["mail"] == ["b@x", "a@x"])
    #expect(attributes["empty"] == [])
    #expect(attributes["unknown"] == [])
    #expect(attributes["cn"] == ["Ren\u{e9} \u{1f511}", ""])
    #expect(attributes.dictionary.keys.sorted() == ["cn", "mail"])
  }

  @Test func `values from bytes are those that text would have given, repaired where it is none`() {
    let lists: [[[UInt8]]] = [
      [Array("plain".utf8), []], [Array("Ren\u{e9} \u{1f511}".utf8)], [],
      [[0xff, 0x41, 0xc3], [0x80]],
    ]
    let shape = Attributes.Shape(["a", "b", "c", "d"])
    let fromBytes = Attributes(shape: shape) { append in
      for (position, list) in lists.enumerated() {
        for value in list { value.withUnsafeBytes { append(position, $0) } }
      }
    }
    let fromText = Attributes(
      shape: shape, values: lists.map { $0.map { String(decoding: $0, as: UTF8.self) } })
    #expect(fromBytes == fromText)
    #expect(fromBytes.dictionary == fromText.dictionary)
  }

  @Test func `a long value is packed whole`() {
    let value = String(repeating: "x", count: 70_000)
    #expect(Attributes(["a": [value], "b": ["y"]])["a"] == [value])
  }

  @Test func `two records of different shapes are equal by what they hold`() {
    let one = Attributes(["mail": ["a@x"]])
    let other = Attributes(shape: .init(["cn", "mail"]), values: [[], ["a@x"]])
    #expect(one == other)
    #expect(one != Attributes(["mail": ["b@x"]]))
    #expect(one != Attributes(["mail": ["a@x", "a@x"]]))
    #expect(one != Attributes(["Mail": ["a@x"]]))
    #expect(one != Attributes.none)
    #expect(Attributes.none == Attributes(["mail": []]))
  }

  @Test func `two records are not equal if a value differs in its bytes only`() {
    let (composed, decomposed) = ("Ren\u{e9}", "Rene\u{301}")
    #expect(Attributes(["cn": [composed]]) != Attributes(["cn": [decomposed]]))
    #expect(Attributes([composed: ["x"]]) != Attributes([decomposed: ["x"]]))
    let shape = Attributes.Shape(["cn"])
    #expect(
      Attributes(shape: shape, values: [[composed]])
        != Attributes(shape: shape, values: [[decomposed]]))
  }
}
