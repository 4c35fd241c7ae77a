/// RFC 8259, and nothing beyond it, token by token: what several readers would read differently is an
/// error here. Rejected besides what the grammar rejects: a member name repeated in its object, NUL,
/// lone surrogates, and whatever exceeds the limits below.
struct JSONTokenizer: ~Copyable {
  static let maximumDepth = 64
  static let maximumText = 1 << 20
  static let maximumMembers = 2_000

  enum Token: Equatable {
    case beginObject, endObject, beginArray, endArray
    /// A member's name, in `text`. Its value is the next token.
    case name
    /// Its characters or digits are in `text`.
    case string, number
    case boolean(Bool), null
    case end
  }

  private enum Expectation { case value, nameOrEnd, valueOrEnd, commaOrEnd, end }

  private struct Container {
    let isObject: Bool
    /// Where this object's names begin in `names`.
    let firstName: Int
  }

  private struct Name {
    let hash: UInt64
    let start: Int
    let count: Int
  }

  var input: ByteInput
  /// The unescaped UTF-8 of the last name, string or number.
  private(set) var text: ContiguousArray<UInt8> = []
  /// The line on which the last token begins.
  private(set) var line = 1
  private var expectation = Expectation.value
  private var containers: [Container] = []
  /// Of the objects that are open, outermost first.
  private var names: ContiguousArray<Name> = []
  private var nameBytes: ContiguousArray<UInt8> = []

  /// At the end of nothing.
  init() { input = ByteInput { _ in 0 } }

  init(_ input: consuming ByteInput) throws(InputFault) {
    self.input = input
    try self.input.skipByteOrderMark()
  }

  /// Leaves what it was reading for another document.
  mutating func begin(_ input: consuming ByteInput) throws(InputFault) {
    self.input = input
    expectation = .value
    containers.removeAll(keepingCapacity: true)
    names.removeAll(keepingCapacity: true)
    nameBytes.removeAll(keepingCapacity: true)
    try self.input.skipByteOrderMark()
  }

  var string: String { String(decoding: text, as: UTF8.self) }

  func text(is literal: StaticString) -> Bool {
    text.count == literal.utf8CodeUnitCount
      && text.withUnsafeBufferPointer { bytes in
        UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
          .elementsEqual(bytes)
      }
  }

  mutating func next() throws(InputFault) -> Token {
    let byte = try nextSignificant()
    line = input.line
    switch expectation {
    case .end:
      guard byte == nil else { throw input.fault("text follows the end of the document") }
      return .end
    case .value: return try value(byte)
    case .valueOrEnd: return byte == UInt8(ascii: "]") ? close() : try value(byte)
    case .nameOrEnd: return byte == UInt8(ascii: "}") ? close() : try name(byte)
    case .commaOrEnd: return try continuation(byte)
    }
  }

  /// Whether another member's name follows in the object being read; its value is then next.
  mutating func nextName() throws(InputFault) -> Bool { try next() == .name }

  /// Passes over the value that is next.
  mutating func skipValue() throws(InputFault) { try skipRest(of: try next()) }

  /// Passes over what is left of a value that began with `token`.
  mutating func skipRest(of token: Token) throws(InputFault) {
    guard token == .beginObject || token == .beginArray else { return }
    let outside = containers.count - 1
    while containers.count > outside { _ = try next() }
  }

  private mutating func nextSignificant() throws(InputFault) -> UInt8? {
    while let byte = try input.peek() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): input.cursor += 1
      case UInt8(ascii: "\n"):
        input.cursor += 1
        input.beginLine()
      default: return byte
      }
    }
    return nil
  }

  private mutating func continuation(_ byte: UInt8?) throws(InputFault) -> Token {
    guard let container = containers.last else { return .end }
    let end = container.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    if byte == end { return close() }
    guard byte == UInt8(ascii: ",") else {
      throw unexpected(byte, "',' or '\(Character(Unicode.Scalar(end)))'")
    }
    input.cursor += 1
    let next = try nextSignificant()
    line = input.line
    return container.isObject ? try name(next) : try value(next)
  }

  private mutating func name(_ byte: UInt8?) throws(InputFault) -> Token {
    guard byte == UInt8(ascii: "\"") else { throw unexpected(byte, "a member's name in quotes") }
    try readString()
    try rememberName()
    let colon = try nextSignificant()
    guard colon == UInt8(ascii: ":") else { throw unexpected(colon, "':'") }
    input.cursor += 1
    expectation = .value
    return .name
  }

  private mutating func value(_ byte: UInt8?) throws(InputFault) -> Token {
    switch byte {
    case UInt8(ascii: "{"): return try open(isObject: true)
    case UInt8(ascii: "["): return try open(isObject: false)
    case UInt8(ascii: "\""):
      try readString()
      return finished(.string)
    case UInt8(ascii: "t"): return try literal("true", .boolean(true))
    case UInt8(ascii: "f"): return try literal("false", .boolean(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
      try readNumber()
      return finished(.number)
    default: throw unexpected(byte, "a value")
    }
  }

  private mutating func finished(_ token: Token) -> Token {
    expectation = containers.isEmpty ? .end : .commaOrEnd
    return token
  }

  private mutating func open(isObject: Bool) throws(InputFault) -> Token {
    guard containers.count < Self.maximumDepth else {
      throw input.fault("nested deeper than \(Self.maximumDepth) levels")
    }
    input.cursor += 1
    containers.append(Container(isObject: isObject, firstName: names.count))
    expectation = isObject ? .nameOrEnd : .valueOrEnd
    return isObject ? .beginObject : .beginArray
  }

  private mutating func close() -> Token {
    input.cursor += 1
    let container = containers.removeLast()
    if let first = names[container.firstName...].first {
      nameBytes.removeLast(nameBytes.count - first.start)
      names.removeLast(names.count - container.firstName)
    }
    return finished(container.isObject ? .endObject : .endArray)
  }

  /// Compares with the names of the same object, by hash and then by bytes.
  private mutating func rememberName() throws(InputFault) {
    guard let container = containers.last else { return }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for name in names[container.firstName...] where name.hash == hash {
      if nameBytes[name.start..<name.start + name.count].elementsEqual(text) {
        throw input.fault("the member \(quoted(string)) is repeated in its object")
      }
    }
    guard names.count - container.firstName < Self.maximumMembers else {
      throw input.fault("more than \(Self.maximumMembers) members in one object")
    }
    names.append(Name(hash: hash, start: nameBytes.count, count: text.count))
    nameBytes.append(contentsOf: text)
  }

  private mutating func literal(
    _ word: StaticString, _ token: Token
  ) throws(InputFault) -> Token {
    for index in 0..<word.utf8CodeUnitCount {
      let byte = try input.peek()
      guard byte == word.utf8Start[index] else { throw unexpected(byte, "\(word)") }
      input.cursor += 1
    }
    return finished(token)
  }

  func unexpected(_ byte: UInt8?, _ due: String) -> InputFault {
    guard let byte else { return input.fault("the document ends where \(due) is due") }
    let found =
      0x21...0x7E ~= byte
      ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    return input.fault("\(found) where \(due) is due")
  }
}

extension JSONTokenizer {
  private mutating func readNumber() throws(InputFault) {
    text.removeAll(keepingCapacity: true)
    if try input.peek() == UInt8(ascii: "-") { take(UInt8(ascii: "-")) }
    if try input.peek() == UInt8(ascii: "0") {
      take(UInt8(ascii: "0"))
    } else {
      try readDigits()
    }
    if try input.peek() == UInt8(ascii: ".") {
      take(UInt8(ascii: "."))
      try readDigits()
    }
    if let byte = try input.peek(), byte | 0x20 == UInt8(ascii: "e") {
      take(byte)
      if let sign = try input.peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        take(sign)
      }
      try readDigits()
    }
  }

  private mutating func readDigits() throws(InputFault) {
    let before = text.count
    while let byte = try input.peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      take(byte)
      guard text.count <= Self.maximumText else { throw tooLong }
    }
    guard text.count > before else { throw unexpected(try input.peek(), "a digit") }
  }

  private mutating func take(_ byte: UInt8) {
    text.append(byte)
    input.cursor += 1
  }

  /// Reads from the opening quote to behind the closing one.
  private mutating func readString() throws(InputFault) {
    input.cursor += 1
    text.removeAll(keepingCapacity: true)
    var isASCII = true
    while try input.peek() != nil {
      var index = input.cursor
      var highest: UInt8 = 0
      while index < input.limit {
        let byte = input.bytes[index]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
        highest |= byte
        index += 1
      }
      let run = UnsafeBufferPointer(
        start: input.bytes + input.cursor, count: index - input.cursor)
      text.append(contentsOf: run)
      input.cursor = index
      if highest >= 0x80 {
        isASCII = false
        input.skipColumns(run.count { $0 & 0xC0 == 0x80 })
      }
      guard text.count <= Self.maximumText else { throw tooLong }
      guard index < input.limit else { continue }
      switch input.bytes[index] {
      case UInt8(ascii: "\""):
        guard isASCII || isValidUTF8(text) else {
          throw input.fault("the string that ends here is not valid UTF-8")
        }
        input.cursor += 1
        return
      case UInt8(ascii: "\\"): try readEscape()
      default: throw input.fault("a control character in a string must be escaped")
      }
    }
    throw input.fault("the document ends inside a string")
  }

  private mutating func readEscape() throws(InputFault) {
    input.cursor += 1
    let byte = try input.peek()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte ?? 0)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      try readUnicodeEscape()
      return
    default: throw unexpected(byte, "an escape character")
    }
    input.cursor += 1
  }

  private mutating func readUnicodeEscape() throws(InputFault) {
    var code = UInt32(try readHexadecimal())
    if 0xD800...0xDBFF ~= code {
      guard try input.peek() == UInt8(ascii: "\\") else { throw loneSurrogate }
      input.cursor += 1
      guard try input.peek() == UInt8(ascii: "u") else { throw loneSurrogate }
      let low = UInt32(try readHexadecimal())
      guard 0xDC00...0xDFFF ~= low else { throw loneSurrogate }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard code != 0 else { throw input.fault("NUL is not allowed in a string") }
    guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate }
    text.append(contentsOf: scalar.utf8)
  }

  /// Reads the four digits behind the `u` at the cursor.
  private mutating func readHexadecimal() throws(InputFault) -> UInt16 {
    var value: UInt16 = 0
    input.cursor += 1
    for _ in 0..<4 {
      let byte = try input.peek()
      guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected(byte, "a hexadecimal digit")
      }
      value = value << 4 | UInt16(digit)
      input.cursor += 1
    }
    return value
  }

  private var loneSurrogate: InputFault {
    input.fault("a surrogate escape that is no half of a pair")
  }

  private var tooLong: InputFault {
    input.fault("a text longer than \(Self.maximumText) bytes")
  }
}
