/// A text that is no distinguished name.
package struct DNSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
  package let text: String
  /// Where, counted in bytes from 1.
  package let column: Int
  package let problem: String

  package var description: String {
    "'\(text)' is no distinguished name (RFC 4514): \(problem) at column \(column)"
  }
}

extension DistinguishedName {
  /// Reads the text form of RFC 4514, and spaces around `,`, `+` and `=`, which people type and
  /// servers ignore. The empty text is the root. `;` and quoted values of older forms are errors.
  package init(parsing text: String) throws(DNSyntaxError) {
    var parser = NameParser(text)
    self.init(try parser.parse())
  }
}

private struct NameParser {
  private let text: String
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  mutating func parse() throws(DNSyntaxError) -> [DistinguishedName.RelativeName] {
    var names: [DistinguishedName.RelativeName] = []
    var parts: [DistinguishedName.Part] = []
    skipSpaces()
    if position == bytes.count { return [] }
    while true {
      parts.append(try parsePart())
      let separator = position < bytes.count ? bytes[position] : nil
      position += 1
      if separator == UInt8(ascii: "+") { continue }
      names.append(DistinguishedName.RelativeName(parts: parts))
      parts = []
      if separator == nil { return names }
    }
  }

  private mutating func parsePart() throws(DNSyntaxError) -> DistinguishedName.Part {
    skipSpaces()
    let start = position
    while position < bytes.count, !Self.endsType.contains(bytes[position]) { position += 1 }
    let type = bytes[start..<position]
    guard AttributeType.isType(type) else {
      throw error(type.isEmpty ? "an attribute type is missing" : "no attribute type", at: start)
    }
    skipSpaces()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
      throw error("'=' is missing", at: position)
    }
    position += 1
    skipSpaces()
    let name = String(decoding: type, as: UTF8.self)
    if position < bytes.count, bytes[position] == UInt8(ascii: "#") {
      return .init(type: name, value: try parseHexadecimal(), isHexadecimal: true)
    }
    return .init(type: name, value: try parseValue())
  }

  /// Up to an unescaped `,` or `+`, which is left for the caller.
  private mutating func parseValue() throws(DNSyntaxError) -> String {
    let start = position
    var value: [UInt8] = []
    var trailingSpaces = 0
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "+"):
        return try text(of: value.dropLast(trailingSpaces), from: start)
      case UInt8(ascii: "\\"):
        value.append(try parseEscape())
        trailingSpaces = 0
      case UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "<"), UInt8(ascii: ">"), 0:
        throw error("a character that must be escaped", at: position)
      default:
        value.append(byte)
        trailingSpaces = byte == UInt8(ascii: " ") ? trailingSpaces + 1 : 0
        position += 1
      }
    }
    return try text(of: value.dropLast(trailingSpaces), from: start)
  }

  private mutating func parseEscape() throws(DNSyntaxError) -> UInt8 {
    guard position + 1 < bytes.count else { throw error("'\\' ends the text", at: position) }
    let first = bytes[position + 1]
    if Self.escapable.contains(first) {
      position += 2
      return first
    }
    guard position + 2 < bytes.count, let high = Self.digit(first),
      let low = Self.digit(bytes[position + 2])
    else { throw error("'\\' before neither a special character nor two digits", at: position) }
    position += 3
    return high << 4 | low
  }

  private mutating func parseHexadecimal() throws(DNSyntaxError) -> String {
    let start = position
    position += 1
    while position < bytes.count, Self.digit(bytes[position]) != nil { position += 1 }
    let end = position
    skipSpaces()
    guard end - start > 1, (end - start) % 2 == 1,
      position == bytes.count || [UInt8(ascii: ","), UInt8(ascii: "+")].contains(bytes[position])
    else { throw error("'#' must be followed by pairs of hexadecimal digits", at: start) }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
  }

  private func text(of bytes: ArraySlice<UInt8>, from start: Int) throws(DNSyntaxError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a value that is not UTF-8", at: start)
    }
    return text
  }

  private func error(_ problem: String, at position: Int) -> DNSyntaxError {
    DNSyntaxError(text: text, column: position + 1, problem: problem)
  }

  private static let endsType = Array("=,+ ;".utf8)
  private static let escapable = Array("\"+,;<>\\ #=".utf8)

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
