/// A strict reader of JSON (RFC 8259): UTF-8 only, no repeated member, no NUL, nothing after the
/// value, 64 levels at most.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func parse(_ bytes: [UInt8]) throws(MalformedJSON) -> JSONValue {
    var parser = JSONParser(bytes)
    // RFC 8259 §8.1 lets a reader ignore a byte order mark.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { parser.position = 3 }
    let value = try parser.value()
    parser.skipSpace()
    guard parser.next == nil else { throw parser.error("text after the value") }
    return value
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(_ reason: String) -> MalformedJSON {
    MalformedJSON(description: "byte \(position): \(reason)")
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value() throws(MalformedJSON) -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try nested(Self.object)
    case UInt8(ascii: "["): return try nested(Self.array)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw error("the text ends too early")
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout Self) throws(MalformedJSON) -> JSONValue
  ) throws(MalformedJSON) -> JSONValue {
    position += 1
    depth += 1
    guard depth <= 64 else { throw error("nested too deeply") }
    defer { depth -= 1 }
    return try body(&self)
  }

  private static func object(_ parser: inout Self) throws(MalformedJSON) -> JSONValue {
    if parser.take("}") { return .object([:]) }
    var members = [String: JSONValue](minimumCapacity: 6)
    repeat {
      parser.skipSpace()
      let name = try parser.string()
      guard parser.take(":") else { throw parser.error("expected ':'") }
      guard members.updateValue(try parser.value(), forKey: name) == nil else {
        throw parser.error("a member is there twice")
      }
    } while parser.take(",")
    guard parser.take("}") else { throw parser.error("expected ',' or '}'") }
    return .object(members)
  }

  private static func array(_ parser: inout Self) throws(MalformedJSON) -> JSONValue {
    var elements: [JSONValue] = []
    if parser.take("]") { return .array(elements) }
    repeat { elements.append(try parser.value()) } while parser.take(",")
    guard parser.take("]") else { throw parser.error("expected ',' or ']'") }
    return .array(elements)
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(MalformedJSON) -> JSONValue {
    let length = word.utf8CodeUnitCount
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: length)
    guard position + length <= bytes.count,
      bytes[position..<position + length].elementsEqual(expected)
    else { throw error("not a JSON value") }
    position += length
    return value
  }

  private mutating func number() throws(MalformedJSON) -> JSONValue {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let isZero = next == UInt8(ascii: "0")
    let digits = skipDigits()
    guard digits == 1 || (digits > 1 && !isZero) else { throw error("not a JSON value") }
    if next == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() > 0 else { throw error("a number without digits after its point") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() > 0 else { throw error("a number without an exponent") }
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func string() throws(MalformedJSON) -> String {
    guard next == UInt8(ascii: "\"") else { throw error("expected a string") }
    position += 1
    let start = position
    while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\\") {
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        return try text(bytes[start..<position])
      }
      position += 1
    }
    return try stringWithEscapes(after: Array(bytes[start..<position]))
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(MalformedJSON) -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw error("a string that is not UTF-8")
    }
    return string
  }

  private mutating func stringWithEscapes(
    after plain: [UInt8]
  ) throws(MalformedJSON) -> String {
    var text = plain
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try self.text(text[...])
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("a control character in a string")
      default: text.append(byte)
      }
    }
    throw error("the text ends too early")
  }

  private mutating func escape(into text: inout [UInt8]) throws(MalformedJSON) {
    guard let byte = next else { throw error("the text ends too early") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += String(try escapedScalar()).utf8
    default: throw error("an unknown escape")
    }
  }

  private mutating func escapedScalar() throws(MalformedJSON) -> Unicode.Scalar {
    var code = try hexadecimal()
    if (0xd800..<0xdc00).contains(code) {
      guard bytes[position...].starts(with: "\\u".utf8) else { throw error("half a character") }
      position += 2
      let low = try hexadecimal()
      guard (0xdc00..<0xe000).contains(low) else { throw error("half a character") }
      code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard code != 0, let scalar = Unicode.Scalar(code) else { throw error("not a character") }
    return scalar
  }

  private mutating func hexadecimal() throws(MalformedJSON) -> UInt32 {
    guard position + 4 <= bytes.count else { throw error("the text ends too early") }
    var code: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("not four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
    }
    position += 4
    return code
  }
}

extension JSONValue {
  package init(parsing bytes: [UInt8]) throws(MalformedJSON) { self = try JSONParser.parse(bytes) }
}

/// Says where and why, without quoting what was read.
package struct MalformedJSON: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}
