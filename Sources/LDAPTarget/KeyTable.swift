/// Byte strings, each with a number: 0, 1, 2 in the order they were first seen. Kept in one buffer and
/// looked up without making a string, for member values by the million.
struct KeyTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: ContiguousArray<UInt32> = []
  /// Numbers plus one at the place their hash says, or after it; zero where nothing is.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 16)

  var count: Int { ends.count }

  func number(of key: some RandomAccessCollection<UInt8>) -> Int? {
    let slot = slots[slot(of: key)]
    return slot == 0 ? nil : Int(slot) - 1
  }

  /// The number of the key, a new one if it was not there.
  mutating func insert(
    _ key: some RandomAccessCollection<UInt8>
  ) -> (number: Int, isNew: Bool) {
    let position = slot(of: key)
    if slots[position] != 0 { return (Int(slots[position]) - 1, false) }
    bytes.append(contentsOf: key)
    ends.append(UInt32(bytes.count))
    slots[position] = UInt32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  /// The key as text; invalid UTF-8 is repaired.
  func text(_ number: Int) -> String { String(decoding: key(number), as: UTF8.self) }

  private func key(_ number: Int) -> ArraySlice<UInt8> {
    bytes[(number == 0 ? 0 : Int(ends[number - 1]))..<Int(ends[number])]
  }

  /// Where the key is, or where it would go.
  private func slot(of key: some RandomAccessCollection<UInt8>) -> Int {
    var hasher = Hasher()
    let hashed: Void? = key.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if hashed == nil { for byte in key { hasher.combine(byte) } }
    var position = hasher.finalize() & (slots.count - 1)
    while slots[position] != 0, !isEqual(Int(slots[position]) - 1, key) {
      position = (position + 1) & (slots.count - 1)
    }
    return position
  }

  private func isEqual(_ number: Int, _ key: some RandomAccessCollection<UInt8>) -> Bool {
    let start = number == 0 ? 0 : Int(ends[number - 1])
    guard Int(ends[number]) - start == key.count else { return false }
    return bytes[start..<start + key.count].elementsEqual(key)
  }

  private mutating func grow() {
    slots = ContiguousArray(repeating: 0, count: slots.count * 2)
    for number in ends.indices { slots[slot(of: key(number))] = UInt32(number + 1) }
  }
}
