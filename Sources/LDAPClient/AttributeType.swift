/// Names of attributes (RFC 4512 §2.5).
package enum AttributeType {
  /// Lower case, and the short name of RFC 4514 §3 where a long one or a number was given.
  package static func normalise(_ type: String) -> String {
    let lower = type.lowercased()
    return shortNames[lower] ?? lower
  }

  /// Whether the text is a name or a dotted number, with options if any: `member;range=0-99`.
  package static func isValid(_ text: String) -> Bool {
    let pieces = text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    guard let type = pieces.first, isType(type) else { return false }
    return pieces.dropFirst().allSatisfy { !$0.isEmpty && $0.allSatisfy(isOptionByte) }
  }

  static func isType(_ bytes: some Collection<UInt8>) -> Bool {
    guard let first = bytes.first else { return false }
    if isLetter(first) {
      return bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }
    let numbers = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return numbers.count > 1
      && numbers.allSatisfy { number in
        number.allSatisfy(isDigit) && (number.count == 1 || number.first.map { $0 != 0x30 } == true)
      }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isOptionByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || [UInt8(ascii: "-"), UInt8(ascii: "=")].contains(byte)
  }

  private static let shortNames = [
    "commonname": "cn", "2.5.4.3": "cn", "localityname": "l", "2.5.4.7": "l",
    "stateorprovincename": "st", "2.5.4.8": "st", "organizationname": "o", "2.5.4.10": "o",
    "organizationalunitname": "ou", "2.5.4.11": "ou", "countryname": "c", "2.5.4.6": "c",
    "streetaddress": "street", "2.5.4.9": "street", "surname": "sn", "2.5.4.4": "sn",
    "domaincomponent": "dc", "0.9.2342.19200300.100.1.25": "dc",
    "userid": "uid", "0.9.2342.19200300.100.1.1": "uid",
  ]
}
