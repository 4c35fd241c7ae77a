import AccessModel
import Glibc

/// A file that holds what was read of groups, for processes that start anew each time. It may be
/// deleted at any time: then everything is read.
extension GroupMemory {
  private static let title = Array("bellhop groups 2\n".utf8)

  /// `nil` if there is no file, or none that was written to its end by us.
  init?(contentsOf path: String) {
    guard let bytes = Self.read(path), bytes.count > Self.title.count + 8,
      bytes.starts(with: Self.title)
    else { return nil }
    let end = bytes.count - 8
    var reader = Reader(bytes: bytes, position: Self.title.count, end: end)
    var tail = Reader(bytes: bytes, position: end)
    guard tail.number() == Self.checksum(bytes[..<end]),
      let origin = reader.text(), let read = reader.number(), let count = reader.number()
    else { return nil }
    self.origin = origin
    fullReadingAt = Instant(microseconds: Int64(bitPattern: read))
    for _ in 0..<count {
      guard let key = reader.text(), let id = reader.text(), let attribute = reader.text(),
        let value = reader.text(), let members = reader.octets()
      else { return nil }
      groups[EntitlementKey(key)] = Group(
        immutableID: id, version: GroupVersion(exact: attribute, value),
        members: PackedMembers(bytes: members))
    }
    guard reader.position == end else { return nil }
  }

  /// Replaces the file in one step. One that cannot be written is as good as none.
  func write(to path: String) {
    var bytes = Self.title
    func append(_ number: UInt64) {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
      }
    }
    func append(_ octets: some Collection<UInt8>) {
      append(UInt64(octets.count))
      bytes.append(contentsOf: octets)
    }
    append(origin.utf8)
    append(UInt64(bitPattern: fullReadingAt.microseconds))
    append(UInt64(groups.count))
    for (key, group) in groups {
      append(key.rawValue.utf8)
      append(group.immutableID.utf8)
      append(group.version.attribute.utf8)
      append(group.version.value.utf8)
      append(group.members.bytes)
    }
    append(Self.checksum(bytes[...]))
    let draft = path + ".new"
    let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return }
    var written = 0
    bytes.withUnsafeBytes { buffer in
      while written < buffer.count {
        let count = Glibc.write(
          file, buffer.baseAddress.map { $0 + written }, buffer.count - written)
        if count <= 0 { break }
        written += count
      }
    }
    let isDone = written == bytes.count && fsync(file) == 0
    close(file)
    if !isDone || rename(draft, path) != 0 { unlink(draft) }
  }

  private static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid()
    else { return nil }
    let size = Int(status.st_size)
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while got < size {
        let part = Glibc.read(file, buffer.baseAddress.map { $0 + got }, size - got)
        if part <= 0 { break }
        got += part
      }
      count = got
    }
    return got == size ? bytes : nil
  }

  /// Finds what a power cut left half written; not meant against anyone.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBytes { buffer in
      var sum: UInt64 = 0xcbf2_9ce4_8422_2325
      let words = buffer.count / 8
      for word in 0..<words {
        let value = buffer.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
        sum = (sum ^ value) &* 0x9e37_79b9_7f4a_7c15
        sum ^= sum >> 29
      }
      for byte in buffer[(words * 8)...] { sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      return sum
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position: Int
    var end: Int

    init(bytes: [UInt8], position: Int, end: Int? = nil) {
      (self.bytes, self.position, self.end) = (bytes, position, end ?? bytes.count)
    }

    mutating func number() -> UInt64? {
      guard end - position >= 8 else { return nil }
      defer { position += 8 }
      return (0..<8).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64($1 * 8) }
    }

    mutating func octets() -> ArraySlice<UInt8>? {
      guard let count = number(), count <= UInt64(end - position) else { return nil }
      defer { position += Int(count) }
      return bytes[position..<position + Int(count)]
    }

    mutating func text() -> String? { octets().map { String(decoding: $0, as: UTF8.self) } }
  }
}
