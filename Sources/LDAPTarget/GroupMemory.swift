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

/// The member values of one group in one buffer, as they came: for each attribute its column, the
/// number of bytes that follow, and each value after its length.
struct PackedMembers: Equatable, Sendable {
  private(set) var bytes: ArraySlice<UInt8> = []
  /// Whether every value fits.
  private(set) var isWhole = true

  init() {}

  init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  mutating func append(_ values: some Sequence<UnsafeRawBufferPointer>, column: Int) {
    let start = bytes.endIndex + Self.headLength
    bytes.append(UInt8(truncatingIfNeeded: column))
    append(UInt32(0))
    for value in values {
      guard value.count <= Int(UInt16.max) else { return isWhole = false }
      append(UInt16(value.count))
      bytes.append(contentsOf: value)
    }
    let count = bytes.endIndex - start
    guard count <= Int(UInt32.max), column <= Int(UInt8.max) else { return isWhole = false }
    withUnsafeBytes(of: UInt32(count).littleEndian) {
      bytes.replaceSubrange(start - 4..<start, with: $0)
    }
  }

  /// `false` if the buffer does not end with a value; what comes after that is not handed on.
  func forEachColumn(_ body: (_ column: Int, _ values: Values) -> Void) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while let column = rest.first {
        guard rest.count >= Self.headLength else { return false }
        let count = Int(
          UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        rest = rest.dropFirst(Self.headLength)
        let values = Values(rest.prefix(count))
        guard rest.count >= count, values.isWhole else { return false }
        body(Int(column), values)
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  private static let headLength = 5

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Values of one column, not copied.
  struct Values: Sequence, IteratorProtocol {
    private var rest: Slice<UnsafeRawBufferPointer>

    fileprivate init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

    mutating func next() -> UnsafeRawBufferPointer? {
      guard rest.count >= 2 else { return nil }
      let count = Int(UInt16(littleEndian: rest.loadUnaligned(fromByteOffset: 0, as: UInt16.self)))
      guard rest.count - 2 >= count else { return nil }
      let start = rest.startIndex + 2
      defer { rest = rest[(start + count)...] }
      return UnsafeRawBufferPointer(rebasing: rest[start..<start + count])
    }

    fileprivate var isWhole: Bool {
      var values = self
      while values.next() != nil {}
      return values.rest.isEmpty
    }
  }
}
