import AccessModel

/// Groups as they were read, to be used again while their version says that they are still so.
///
/// A version proves less than a reading: it is that of one server, a database may be loaded anew with
/// the versions of a copy that was edited, and rights may change without it. So nothing is used of
/// another server or of a group without an exact version, everything is read anew once the last full
/// reading is old, and whoever writes a group reads it first.
struct GroupMemory: Equatable, Sendable {
  struct Group: Equatable, Sendable {
    let immutableID: String
    let version: GroupVersion
    /// Every member with its column, as `PackedMembers` has them.
    let members: PackedMembers
  }

  /// Which directory this is of, and how it was looked at.
  let origin: String
  let fullReadingAt: Instant
  var groups: [EntitlementKey: Group] = [:]

  /// Whether it may be used at `now` for a directory of this origin.
  func isOf(_ origin: String, notOlderThan age: Duration, at now: Instant) -> Bool {
    let passed = now.since(fullReadingAt)
    return origin == self.origin && passed >= .zero && passed < age
  }
}

/// Members of one group in one buffer: column, length, bytes.
struct PackedMembers: Equatable, Sendable {
  private(set) var bytes: [UInt8] = []
  /// Whether every member fits.
  private(set) var isWhole = true

  init() {}

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func append(_ key: [UInt8], column: Int) {
    guard key.count <= Int(UInt16.max), column <= Int(UInt8.max) else { return isWhole = false }
    bytes.append(UInt8(column))
    bytes.append(UInt8(truncatingIfNeeded: key.count))
    bytes.append(UInt8(truncatingIfNeeded: key.count >> 8))
    bytes.append(contentsOf: key)
  }

  /// `false` if the buffer does not end with a member.
  func forEach(_ body: (_ column: Int, _ key: ArraySlice<UInt8>) -> Void) -> Bool {
    var position = 0
    while position + 3 <= bytes.count {
      let count = Int(bytes[position + 1]) | Int(bytes[position + 2]) << 8
      let start = position + 3
      guard start + count <= bytes.count else { return false }
      body(Int(bytes[position]), bytes[start..<start + count])
      position = start + count
    }
    return position == bytes.count
  }
}
