/// Writes as much of BER (X.690; RFC 4511 §5.1) as the values of controls are made of.
struct BERWriter {
  private(set) var bytes: [UInt8] = []

  mutating func octets(_ content: some Collection<UInt8>, tag: UInt8 = BERTag.octets) {
    bytes.append(tag)
    appendLength(content.count)
    bytes.append(contentsOf: content)
  }

  mutating func boolean(_ value: Bool) {
    bytes += [BERTag.boolean, 1, value ? 0xff : 0]
  }

  mutating func number(_ value: some BinaryInteger, tag: UInt8 = BERTag.integer) {
    var content = (0..<8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    while content.count > 1, content[0] == (content[1] < 0x80 ? 0 : 0xff) { content.removeFirst() }
    octets(content, tag: tag)
  }

  mutating func sequence(tag: UInt8 = BERTag.sequence, _ body: (inout BERWriter) -> Void) {
    var content = BERWriter()
    body(&content)
    octets(content.bytes, tag: tag)
  }

  private mutating func appendLength(_ length: Int) {
    guard length >= 0x80 else { return bytes.append(UInt8(length)) }
    let digits = (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
      .drop { $0 == 0 }
    bytes.append(0x80 | UInt8(digits.count))
    bytes += digits
  }
}

/// Reads what a server wrote, and throws where the bytes are not what they should be.
struct BERReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var isAtEnd: Bool { position == bytes.endIndex }
  /// The tag of what comes next; `nil` at the end.
  var nextTag: UInt8? { isAtEnd ? nil : bytes[position] }

  mutating func octets(tag: UInt8 = BERTag.octets) throws(BERError) -> ArraySlice<UInt8> {
    guard nextTag == tag else { throw BERError() }
    position += 1
    let length = try length()
    guard length <= bytes.endIndex - position else { throw BERError() }
    defer { position += length }
    return bytes[position..<position + length]
  }

  mutating func boolean() throws(BERError) -> Bool {
    let content = try octets(tag: BERTag.boolean)
    guard content.count == 1 else { throw BERError() }
    return content.contains { $0 != 0 }
  }

  mutating func number(tag: UInt8 = BERTag.integer) throws(BERError) -> Int {
    let content = try octets(tag: tag)
    guard (1...8).contains(content.count), let first = content.first else { throw BERError() }
    return content.reduce(first < 0x80 ? 0 : -1) { $0 << 8 | Int($1) }
  }

  mutating func sequence(tag: UInt8 = BERTag.sequence) throws(BERError) -> BERReader {
    BERReader(try octets(tag: tag))
  }

  /// Passes over whatever comes next.
  mutating func skip() throws(BERError) {
    guard let tag = nextTag else { throw BERError() }
    _ = try octets(tag: tag)
  }

  /// An optional octet string before other parts.
  mutating func optionalOctets() throws(BERError) -> [UInt8]? {
    nextTag == BERTag.octets ? Array(try octets()) : nil
  }

  /// A boolean that is left out where it has its default.
  mutating func boolean(default value: Bool) throws(BERError) -> Bool {
    nextTag == BERTag.boolean ? try boolean() : value
  }

  private mutating func length() throws(BERError) -> Int {
    guard let first = nextTag else { throw BERError() }
    position += 1
    guard first >= 0x80 else { return Int(first) }
    let count = Int(first & 0x7f)
    guard (1...4).contains(count), count <= bytes.endIndex - position else { throw BERError() }
    defer { position += count }
    return bytes[position..<position + count].reduce(0) { $0 << 8 | Int($1) }
  }
}

/// Bytes that are not the BER that was to be read.
struct BERError: Error {}

/// Universal tags (X.680 §8.6).
enum BERTag {
  static let boolean: UInt8 = 0x01
  static let integer: UInt8 = 0x02
  static let octets: UInt8 = 0x04
  static let enumerated: UInt8 = 0x0a
  static let sequence: UInt8 = 0x30
  static let set: UInt8 = 0x31
}
