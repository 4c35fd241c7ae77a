import LDAPClient

/// One attribute in which groups hold their members, and what of an account stands in it.
struct MemberColumn: Sendable {
  let attribute: String
  /// The account attribute that stands in it; `nil` where it is the account's DN.
  let valueAttribute: String?
  private let folded: [UInt8]

  init(attribute: String, valueAttribute: String?) {
    self.attribute = attribute
    self.valueAttribute = valueAttribute
    folded = Array(attribute.lowercased().utf8)
  }

  func isNamed(_ type: UnsafeRawBufferPointer) -> Bool {
    folded.count == type.count
      && zip(folded, type).allSatisfy { $0 == $1 || ($0 == $1 | 0x20 && $1 &- 0x41 < 26) }
  }

  func isNamed(_ type: String) -> Bool { type.lowercased().utf8.elementsEqual(folded) }

  /// The form in which values are compared, appended to `output`: a normalised DN, or the bytes as
  /// they are where a value is not a DN.
  func appendKey(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    if valueAttribute == nil, DistinguishedName.appendNormalised(bytes, to: &output) { return }
    output.append(contentsOf: bytes)
  }

  func key(_ value: [UInt8]) -> [UInt8] {
    var key: [UInt8] = []
    value.withUnsafeBytes { appendKey($0, to: &key) }
    return key
  }

  func key(_ value: String) -> [UInt8] { key(Array(value.utf8)) }
}

/// Member values as text and back, whatever bytes they are: what is not UTF-8, or looks like this
/// form, is written `#` and its bytes in hexadecimal digits. No DN begins so.
enum MemberText {
  static func text(_ bytes: some Collection<UInt8>) -> String {
    if bytes.first != UInt8(ascii: "#"), let text = String(validating: bytes, as: UTF8.self) {
      return text
    }
    return "#" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func bytes(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    guard digits.first == UInt8(ascii: "#"), digits.count % 2 == 1 else { return digits }
    var bytes: [UInt8] = []
    for index in stride(from: 1, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return digits }
      bytes.append(byte)
    }
    return bytes
  }
}
