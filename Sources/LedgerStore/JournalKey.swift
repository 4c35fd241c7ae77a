import AccessModel
import Hashing

/// The key of the journal's chain, in a file of its own: who has only the database cannot forge it.
struct JournalKey: Equatable {
  private static let length = 32

  private let bytes: [UInt8]

  /// What tells one key from another without giving it away, 16 hexadecimal digits.
  let name: String

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    name = String(
      hexadecimal(SHA256.authenticationCode(of: Array("name".utf8), key: bytes)).prefix(16))
  }

  /// `nil` if there is no file.
  static func read(_ path: String) throws(LedgerError) -> JournalKey? {
    guard let text = try DurableFile(path: path).read(limit: 256, isPrivate: true) else {
      return nil
    }
    let digits = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
    guard let bytes = decoded(digits), bytes.count == length else {
      throw LedgerError(
        message: "\(path): it holds no key of \(2 * length) hexadecimal digits; restore it")
    }
    return JournalKey(bytes)
  }

  /// Makes a new one, unless another process just did; gives the one that is there then.
  static func create(_ path: String) throws(LedgerError) -> JournalKey {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    _ = try DurableFile(path: path).create(with: Array((hexadecimal(bytes) + "\n").utf8))
    guard let key = try read(path) else {
      throw LedgerError(message: "\(path): the new key is gone; see what else uses the folder")
    }
    return key
  }

  func code(of bytes: [UInt8]) -> [UInt8] { SHA256.authenticationCode(of: bytes, key: self.bytes) }

  private static func decoded(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for position in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
      let pair = digits[position..<position + 2]
      guard pair.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let byte = UInt8(String(decoding: pair, as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
