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
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(bytes.count, 1)) { folded in
      guard fold(bytes, into: folded) else { return false }
      output.append(contentsOf: UnsafeMutableBufferPointer(rebasing: folded[..<bytes.count]))
      return true
    }
  }

  /// Writes as many bytes as there are, in lower case; `false` if the name is not plain.
  private static func fold(
    _ bytes: UnsafeRawBufferPointer, into folded: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    var inType = true
    var length = 0
    var previous: UInt8 = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
      if inType {
        if lower &- 0x61 < 26 {
          length += 1
        } else if byte == UInt8(ascii: "="), length > 0, length < 4 {
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
      } else if isPlain(byte) {
        length += 1
      } else {
        return false
      }
      folded[index] = lower
      previous = byte
    }
    return !inType && length > 0 && previous != UInt8(ascii: " ")
  }

  /// Printing ASCII that is never escaped: one bit for each of `!` to `~`, without `"#+,;<>\`.
  private static func isPlain(_ byte: UInt8) -> Bool {
    let word: UInt64 = byte < 0x40 ? 0xa7ff_e7f2_0000_0000 : 0x7fff_ffff_efff_ffff
    return byte < 0x80 && word >> UInt64(byte & 0x3f) & 1 == 1
  }
}
