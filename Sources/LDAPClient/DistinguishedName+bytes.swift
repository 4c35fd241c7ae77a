extension DistinguishedName {
  /// Appends the normal form of a name as it came from a server. Gives `false`, and appends nothing,
  /// if the bytes are no name.
  ///
  /// A directory gives member values by the million, nearly all of them plain: short types, ASCII,
  /// nothing escaped. Those are folded on the way through; the others are parsed.
  package static func appendNormalised(
    _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]
  ) -> Bool {
    let start = output.count
    if appendPlain(bytes, to: &output) { return true }
    output.removeSubrange(start...)
    guard let text = String(validating: bytes, as: UTF8.self) else { return false }
    do throws(DNSyntaxError) {
      output.append(contentsOf: try DistinguishedName(parsing: text).normalised.utf8)
      return true
    } catch {
      return false
    }
  }

  /// Types of up to three letters have no longer name that would have to be looked up.
  private static func appendPlain(
    _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]
  ) -> Bool {
    output.reserveCapacity(output.count + bytes.count)
    var inType = true
    var length = 0
    var previous: UInt8 = 0
    for byte in bytes {
      let isUpper = byte &- 0x41 < 26
      let lower = isUpper ? byte | 0x20 : byte
      if inType {
        if lower &- 0x61 < 26 {
          length += 1
        } else if byte == UInt8(ascii: "="), (1...3).contains(length) {
          (inType, length) = (false, 0)
        } else {
          return false
        }
      } else if byte == UInt8(ascii: ",") {
        if length == 0 || previous == UInt8(ascii: " ") { return false }
        (inType, length) = (true, 0)
      } else if byte == UInt8(ascii: " ") {
        if length == 0 || previous == UInt8(ascii: " ") { return false }
        length += 1
      } else if isPlain[Int(byte)] {
        length += 1
      } else {
        return false
      }
      output.append(lower)
      previous = byte
    }
    return !inType && length > 0 && previous != UInt8(ascii: " ")
  }

  private static let isPlain: [Bool] = (0..<256).map { byte in
    (0x21...0x7e).contains(byte) && !"\"+,;<>\\#".utf8.contains(UInt8(byte))
  }
}
