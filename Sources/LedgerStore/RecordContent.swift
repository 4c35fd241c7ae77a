import GRDB

/// What a record's code vouches for, as bytes that no two different contents share.
struct RecordContent {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ text: String?) {
    guard let text else { return bytes.append(0) }
    bytes.append(2)
    append(raw: UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func append(_ number: Int64?) {
    guard let number else { return bytes.append(0) }
    bytes.append(1)
    append(raw: UInt64(bitPattern: number))
  }

  mutating func append(_ code: [UInt8]) {
    bytes.append(3)
    append(raw: UInt64(code.count))
    bytes += code
  }

  /// A value as the database holds it.
  mutating func append(_ value: DatabaseValue) {
    switch value.storage {
    case .null: bytes.append(0)
    case .int64(let number): append(number)
    case .string(let text): append(text)
    case .blob(let data): append(Array(data))
    // No column of ours holds one; an edited value must still differ.
    case .double(let number):
      bytes.append(4)
      append(raw: number.bitPattern)
    }
  }

  private mutating func append(raw number: UInt64) {
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }
}
