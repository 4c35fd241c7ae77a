/// A sum over the members of a group that does not depend on their order: what is added and what is
/// removed can be reckoned in, and two lists compared without keeping either.
struct MemberDigest: Equatable, Sendable {
  private(set) var count = 0
  private var sums: (UInt64, UInt64) = (0, 0)

  mutating func add(_ key: UnsafeRawBufferPointer, column: Int) {
    let hash = Self.hash(key, column)
    count += 1
    sums = (sums.0 &+ hash.0, sums.1 &+ hash.1)
  }

  mutating func remove(_ key: UnsafeRawBufferPointer, column: Int) {
    let hash = Self.hash(key, column)
    count -= 1
    sums = (sums.0 &- hash.0, sums.1 &- hash.1)
  }

  static func == (left: Self, right: Self) -> Bool {
    left.count == right.count && left.sums == right.sums
  }

  /// Two multiplicative hashes over eight bytes at a time with a final mix, the same in every process.
  private static func hash(_ key: UnsafeRawBufferPointer, _ column: Int) -> (UInt64, UInt64) {
    var first: UInt64 = 0xcbf2_9ce4_8422_2325 &+ UInt64(column)
    var second: UInt64 = 0x9e37_79b9_7f4a_7c15 &+ UInt64(key.count)
    func take(_ word: UInt64) {
      first = (first ^ word) &* 0x9fb2_1c65_1e98_df25
      first ^= first >> 32
      second = (second &+ word) &* 0xff51_afd7_ed55_8ccd
      second ^= second >> 29
    }
    var offset = 0
    while offset + 8 <= key.count {
      take(UInt64(littleEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    var rest: UInt64 = 0
    for byte in key[offset...] { rest = rest << 8 | UInt64(byte) }
    take(rest)
    return (mix(first), mix(second))
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

extension MemberDigest: CustomStringConvertible {
  /// For reports and the journal: how many, and which list it was.
  var description: String {
    let digits = [sums.0, sums.1].map { sum in
      let text = String(sum, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return "\(count) values (\(digits.joined()))"
  }
}
