/// Why bytes could not be understood as the document they should be, or not be had.
enum InputFault: Error, Equatable {
  case syntax(line: Int, column: Int, reason: String)
  /// `errno` of the failed read.
  case reading(Int32)
}

/// Bytes that come in chunks, and the place reached in them. Holds one chunk at a time.
///
/// The reader of a format moves `cursor` itself, tells of each line's end, and of each byte that is no
/// column of its own.
struct ByteInput: ~Copyable {
  static let chunkSize = 256 * 1024

  /// Writes up to as many bytes as there is room for; 0 at the end.
  typealias Fill = (UnsafeMutableRawBufferPointer) throws(InputFault) -> Int

  private let fill: Fill
  private let chunk: UnsafeMutablePointer<UInt8>
  /// The next byte is `bytes[cursor]` while `cursor < limit`.
  var cursor = 0
  private(set) var limit = 0
  /// Bytes before the chunk.
  private var consumed = 0
  private(set) var line = 1
  private var lineStart = 0

  init(_ fill: @escaping Fill) {
    self.fill = fill
    chunk = .allocate(capacity: Self.chunkSize)
  }

  deinit { chunk.deallocate() }

  var bytes: UnsafePointer<UInt8> { UnsafePointer(chunk) }
  var offset: Int { consumed + cursor }

  /// Counted in characters if `skipColumn` was told of every continuation byte.
  var column: Int { offset - lineStart + 1 }

  /// Gets the next chunk once the present one is used up; false at the end.
  mutating func refill() throws(InputFault) -> Bool {
    consumed += limit
    cursor = 0
    limit = 0
    limit = try fill(UnsafeMutableRawBufferPointer(start: chunk, count: Self.chunkSize))
    return limit > 0
  }

  /// The byte at the cursor; `nil` at the end.
  @inline(__always)
  mutating func peek() throws(InputFault) -> UInt8? {
    if cursor == limit {
      guard try refill() else { return nil }
    }
    return bytes[cursor]
  }

  /// The cursor stands behind a line feed.
  @inline(__always)
  mutating func beginLine() {
    line += 1
    lineStart = offset
  }

  mutating func skipColumns(_ count: Int) { lineStart += count }

  /// Passes over a byte order mark at the start. UTF-16, which some shells write, is named as such.
  mutating func skipByteOrderMark() throws(InputFault) {
    guard let first = try peek(), first >= 0xEF else { return }
    if limit - cursor >= 3, first == 0xEF, bytes[cursor + 1] == 0xBB, bytes[cursor + 2] == 0xBF {
      cursor += 3
      skipColumns(3)
    } else if first >= 0xFE {
      throw fault("the text is UTF-16; it must be UTF-8")
    }
  }

  func fault(_ reason: String) -> InputFault {
    .syntax(line: line, column: column, reason: reason)
  }
}
