/// Named, possibly multi-valued text attributes of one subject or account, packed into one buffer.
///
/// A million of them are held at once, so names live in a `Shape` that all records of one reading
/// share, and values lie back to back: two allocations per record instead of two per value.
package struct Attributes: Sendable {
  /// The attribute names of a family of records; a record may leave any of them out.
  package final class Shape: Sendable {
    package let names: [String]
    private let positions: [Identifier<Shape>: Int]

    package init(_ names: [String]) {
      self.names = names
      positions = Dictionary(
        names.enumerated().map { (Identifier($1), $0) }, uniquingKeysWith: { first, _ in first })
    }

    package func position(of name: String) -> Int? { positions[Identifier(name)] }

    package static let empty = Shape([])
  }

  package let shape: Shape
  /// For every value: its position in `shape` (UInt16), its length (UInt32), its UTF-8 bytes.
  private let packed: ContiguousArray<UInt8>

  package static let none = Attributes(shape: .empty, values: [])

  /// `values` holds one list per name of `shape`, in its order; an empty list means absent.
  package init(shape: Shape, values: [[String]]) {
    precondition(values.count == shape.names.count, "one list of values for each name")
    precondition(values.count <= Int(UInt16.max), "more attributes than a shape can hold")
    self.shape = shape
    var packed = ContiguousArray<UInt8>()
    packed.reserveCapacity(
      values.reduce(0) { $0 + $1.reduce(0) { $0 + 6 + $1.utf8.count } })
    for (position, list) in values.enumerated() {
      for var value in list {
        value.withUTF8 { Self.append(UnsafeRawBufferPointer($0), position, to: &packed) }
      }
    }
    self.packed = packed
  }

  /// `values` hands on every value's bytes with the position of its name in `shape`, in the order of
  /// positions, twice: what is no UTF-8 is repaired as `String` does it.
  package init(
    shape: Shape, values: ((_ position: Int, _ bytes: UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    self.shape = shape
    var packed = ContiguousArray<UInt8>()
    var room = 0
    values { room += 6 + $1.count }
    packed.reserveCapacity(room)
    values { position, bytes in
      guard !bytes.isASCII else { return Self.append(bytes, position, to: &packed) }
      var text = String(decoding: bytes, as: UTF8.self)
      text.withUTF8 { Self.append(UnsafeRawBufferPointer($0), position, to: &packed) }
    }
    self.packed = packed
  }

  private static func append(
    _ bytes: UnsafeRawBufferPointer, _ position: Int, to packed: inout ContiguousArray<UInt8>
  ) {
    withUnsafeBytes(of: UInt16(position)) { packed.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt32(bytes.count)) { packed.append(contentsOf: $0) }
    packed.append(contentsOf: bytes)
  }

  package init(_ values: [String: [String]]) {
    let names = values.keys.sorted()
    self.init(shape: Shape(names), values: names.map { values[$0, default: []] })
  }

  /// The values of an attribute in the order they were read; empty if it is absent.
  package subscript(name: String) -> [String] {
    guard let position = shape.position(of: name) else { return [] }
    var values: [String] = []
    forEachValue { index, bytes in
      if index == position { values.append(String(decoding: bytes, as: UTF8.self)) }
    }
    return values
  }

  package var dictionary: [String: [String]] {
    var result: [String: [String]] = [:]
    forEachValue { index, bytes in
      result[shape.names[index], default: []].append(String(decoding: bytes, as: UTF8.self))
    }
    return result
  }

  private func forEachValue(_ body: (Int, UnsafeRawBufferPointer) -> Void) {
    packed.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let position = buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        let count = Int(buffer.loadUnaligned(fromByteOffset: offset + 2, as: UInt32.self))
        let start = offset + 6
        body(Int(position), UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
        offset = start + count
      }
    }
  }
}

extension Attributes: Equatable {
  /// By the bytes of names and values; the order of the names does not matter.
  package static func == (left: Self, right: Self) -> Bool {
    if left.shape === right.shape { return left.packed == right.packed }
    return left.valuesByBytes == right.valuesByBytes
  }

  private var valuesByBytes: [Identifier<Shape>: [Identifier<Attributes>]] {
    var result: [Identifier<Shape>: [Identifier<Attributes>]] = [:]
    forEachValue { index, bytes in
      result[Identifier(shape.names[index]), default: []]
        .append(Identifier(String(decoding: bytes, as: UTF8.self)))
    }
    return result
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var isASCII: Bool {
    var bits: UInt8 = 0
    for byte in self { bits |= byte }
    return bits < 0x80
  }
}
