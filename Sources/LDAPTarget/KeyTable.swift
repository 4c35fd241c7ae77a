import Glibc

/// Byte strings, each with a number: 0, 1, 2 in the order they were first seen. Kept in one buffer and
/// looked up without making a string, for member values by the million.
struct KeyTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: ContiguousArray<UInt32> = []
  /// At the place its hash says, or after it, each number plus one, and above it half of the hash, so
  /// that other keys are passed over without a look at their bytes. Zero where nothing is.
  private var slots = ContiguousArray<UInt64>(repeating: 0, count: 16)

  var count: Int { ends.count }

  func number(of key: some Collection<UInt8>) -> Int? {
    Self.withBytes(of: key, number(of:))
  }

  /// The number of the key, a new one if it was not there.
  mutating func insert(
    _ key: some Collection<UInt8>
  ) -> (number: Int, isNew: Bool) {
    Self.withBytes(of: key) { insert($0) }
  }

  func number(of key: UnsafeRawBufferPointer) -> Int? { withLookup { $0.number(of: key) } }

  mutating func insert(_ key: UnsafeRawBufferPointer) -> (number: Int, isNew: Bool) {
    let hash = KeyHash.hash(key)
    let position = withLookup { $0.place(of: key, hash) }
    if slots[position] != 0 { return (Slot.number(slots[position]), false) }
    bytes.append(contentsOf: key)
    ends.append(UInt32(bytes.count))
    slots[position] = Slot.mark(hash) | UInt64(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  /// Makes room for so many keys.
  mutating func reserve(_ count: Int) {
    ends.reserveCapacity(count)
    while slots.count < count * 2 { grow() }
  }

  func bytes(_ number: Int) -> [UInt8] { withLookup { Array($0.key(number)) } }

  /// The key as text, whatever its bytes.
  func text(_ number: Int) -> String { MemberText.text(bytes(number)) }

  /// Lends the table for many look-ups in a row, which then touch no reference count.
  func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
    bytes.withUnsafeBytes { bytes in
      ends.withUnsafeBufferPointer { ends in
        slots.withUnsafeBufferPointer { body(Lookup(bytes: bytes, ends: ends, slots: $0)) }
      }
    }
  }

  /// A table as it is during one call.
  struct Lookup {
    fileprivate let bytes: UnsafeRawBufferPointer
    fileprivate let ends: UnsafeBufferPointer<UInt32>
    fileprivate let slots: UnsafeBufferPointer<UInt64>

    func number(of key: UnsafeRawBufferPointer) -> Int? { number(of: key, KeyHash.hash(key)) }

    /// Looks up keys one after the other, `nil` for one that is not there. The places of the next few
    /// are fetched from memory together before the first is compared: in a large table that wait is
    /// most of the work.
    func forEachNumber(
      of keys: some Sequence<UnsafeRawBufferPointer>,
      _ body: (_ number: Int?, _ key: UnsafeRawBufferPointer) -> Void
    ) {
      typealias Waiting = (key: UnsafeRawBufferPointer, hash: UInt64)
      var keys = keys.makeIterator()
      var touched: UInt64 = 0
      withUnsafeTemporaryAllocation(of: Waiting.self, capacity: Self.together) { waiting in
        while true {
          var count = 0
          while count < Self.together, let key = keys.next() {
            let hash = KeyHash.hash(key)
            waiting[count] = (key, hash)
            touched |= slots[Int(truncatingIfNeeded: hash) & (slots.count - 1)]
            count += 1
          }
          for (_, hash) in waiting[..<count] {
            let slot = slots[Int(truncatingIfNeeded: hash) & (slots.count - 1)]
            if slot != 0 { touched |= UInt64(key(Slot.number(slot)).first ?? 0) }
          }
          for (key, hash) in waiting[..<count] { body(number(of: key, hash), key) }
          if count < Self.together { break }
        }
      }
      withExtendedLifetime(touched) {}
    }

    private static let together = 32

    private func number(of key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int? {
      let slot = slots[place(of: key, hash)]
      return slot == 0 ? nil : Slot.number(slot)
    }

    func key(_ number: Int) -> UnsafeRawBufferPointer {
      let start = number == 0 ? 0 : Int(ends[number - 1])
      return UnsafeRawBufferPointer(rebasing: bytes[start..<Int(ends[number])])
    }

    /// Where the key is, or where it would go.
    fileprivate func place(of key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
      let mask = slots.count - 1
      let mark = Slot.mark(hash)
      var position = Int(truncatingIfNeeded: hash) & mask
      while slots[position] != 0 {
        if Slot.mark(slots[position]) == mark,
          isEqual(self.key(Slot.number(slots[position])), key)
        {
          break
        }
        position = (position + 1) & mask
      }
      return position
    }

    private func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
      guard left.count == right.count else { return false }
      guard let first = left.baseAddress, let second = right.baseAddress else { return true }
      return memcmp(first, second, left.count) == 0
    }
  }

  private enum Slot {
    static func number(_ slot: UInt64) -> Int { Int(slot & 0xffff_ffff) - 1 }
    static func mark(_ hash: UInt64) -> UInt64 { hash & 0xffff_ffff_0000_0000 }
  }

  private mutating func grow() {
    var larger = ContiguousArray<UInt64>(repeating: 0, count: slots.count * 2)
    let mask = larger.count - 1
    withLookup { lookup in
      for number in ends.indices {
        let hash = KeyHash.hash(lookup.key(number))
        var position = Int(truncatingIfNeeded: hash) & mask
        while larger[position] != 0 { position = (position + 1) & mask }
        larger[position] = Slot.mark(hash) | UInt64(number + 1)
      }
    }
    slots = larger
  }

  private static func withBytes<Result>(
    of key: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let result = key.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    return result ?? Array(key).withUnsafeBytes(body)
  }
}

/// A hash for tables of this process: eight bytes at a time, each folded in by a multiplication whose
/// halves are combined. It starts from a number drawn at start, so that nobody can choose names that
/// fall together.
private enum KeyHash {
  private static let seed = UInt64.random(in: .min ... .max)

  @inline(__always)
  static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var state = seed ^ UInt64(truncatingIfNeeded: key.count)
    var offset = 0
    while offset + 8 <= key.count {
      state = fold(state, key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < key.count {
      rest = rest << 8 | UInt64(key[offset])
      offset += 1
    }
    return fold(fold(state, rest), 0x9e37_79b9_7f4a_7c15)
  }

  @inline(__always)
  private static func fold(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word ^ 0xa076_1d64_78bd_642f)
      .multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db ^ state)
    return product.high ^ product.low
  }
}
