/// Whether the bytes are UTF-8 by RFC 3629 §4: no overlong forms, no surrogates, nothing cut off.
func isValidUTF8(_ bytes: ContiguousArray<UInt8>) -> Bool {
  var index = 0
  while index < bytes.count {
    let lead = bytes[index]
    let (length, second): (Int, ClosedRange<UInt8>) =
      switch lead {
      case 0x00...0x7F: (1, 0x80...0xBF)
      case 0xC2...0xDF: (2, 0x80...0xBF)
      case 0xE0: (3, 0xA0...0xBF)
      case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
      case 0xED: (3, 0x80...0x9F)
      case 0xF0: (4, 0x90...0xBF)
      case 0xF1...0xF3: (4, 0x80...0xBF)
      case 0xF4: (4, 0x80...0x8F)
      default: (0, 0x80...0xBF)
      }
    guard length > 0, index + length <= bytes.count else { return false }
    if length > 1 {
      guard second.contains(bytes[index + 1]) else { return false }
      let rest = bytes[(index + 2)..<(index + length)]
      guard rest.allSatisfy({ $0 & 0xC0 == 0x80 }) else { return false }
    }
    index += length
  }
  return true
}
