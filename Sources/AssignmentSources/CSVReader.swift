/// RFC 4180 by rows: commas, quotes doubled inside quotes, CRLF or LF. The text is UTF-8.
struct CSVReader: ~Copyable {
  static let maximumCell = 1 << 20
  static let maximumCells = 1_000

  private var input: ByteInput
  private var bytes: ContiguousArray<UInt8> = []
  /// The cells of the last row.
  private(set) var cells: [String] = []
  /// The line on which the last row begins.
  private(set) var line = 1

  init(_ input: consuming ByteInput) throws(InputFault) {
    self.input = input
    try self.input.skipByteOrderMark()
  }

  /// Whether there was another row; its cells are then in `cells`. Empty lines are passed over.
  mutating func next() throws(InputFault) -> Bool {
    while let byte = try input.peek() {
      line = input.line
      if byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") {
        try endLine()
        continue
      }
      cells.removeAll(keepingCapacity: true)
      repeat {
        guard cells.count < Self.maximumCells else {
          throw input.fault("more than \(Self.maximumCells) cells in a row")
        }
        try readCell()
      } while try endsCell()
      return true
    }
    return false
  }

  func fault(_ reason: String) -> InputFault { .syntax(line: line, column: 1, reason: reason) }

  /// Whether another cell of the row follows what was read.
  private mutating func endsCell() throws(InputFault) -> Bool {
    switch try input.peek() {
    case UInt8(ascii: ","):
      input.cursor += 1
      return true
    case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      try endLine()
      return false
    case nil: return false
    default: throw input.fault("text follows a closing quote; a quote inside quotes is doubled")
    }
  }

  private mutating func endLine() throws(InputFault) {
    if try input.peek() == UInt8(ascii: "\r") { input.cursor += 1 }
    guard try input.peek() == UInt8(ascii: "\n") else {
      throw input.fault("a carriage return without a line feed")
    }
    input.cursor += 1
    input.beginLine()
  }

  private mutating func readCell() throws(InputFault) {
    bytes.removeAll(keepingCapacity: true)
    if try input.peek() == UInt8(ascii: "\"") {
      try readQuoted()
    } else {
      try readPlain()
    }
    guard isValidUTF8(bytes) else {
      throw input.fault("the cell that ends here is not valid UTF-8")
    }
    cells.append(String(decoding: bytes, as: UTF8.self))
  }

  private mutating func readPlain() throws(InputFault) {
    while let byte = try input.peek() {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"): return
      case UInt8(ascii: "\""):
        throw input.fault("a quote inside a cell; such a cell is quoted and its quotes doubled")
      default: try take(byte)
      }
    }
  }

  private mutating func readQuoted() throws(InputFault) {
    let opening = input.fault("the quote that opens this cell is never closed")
    input.cursor += 1
    while let byte = try input.peek() {
      if byte == UInt8(ascii: "\"") {
        input.cursor += 1
        guard try input.peek() == UInt8(ascii: "\"") else { return }
      }
      try take(byte)
      if byte == UInt8(ascii: "\n") { input.beginLine() }
    }
    throw opening
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8) throws(InputFault) {
    guard byte != 0 else { throw input.fault("NUL is not allowed in a cell") }
    guard bytes.count < Self.maximumCell else {
      throw input.fault("a cell longer than \(Self.maximumCell) bytes")
    }
    bytes.append(byte)
    input.cursor += 1
    if byte & 0xC0 == 0x80 { input.skipColumns(1) }
  }
}
