/// Several values to one, and one to several.
extension Function {
  static let lists: [Function] = [
    Function("Item", [.any("attribute"), .number("index")]) { call in
      let list = try call.list(0)
      let index = try call.number(1)
      guard index >= 1 else { throw call.fault("index is \(index); the first value is 1") }
      return index <= list.count ? .text(list[index - 1]) : .null
    },
    // Absent sources are left out with their separator; only absent ones give null.
    Function("Join", [.text("separator"), .any("source")], repeating: 1) { call in
      let separator = try call.text(0) ?? ""
      var values: [String] = []
      for index in 1..<call.count { values += try call.list(index) }
      return values.isEmpty ? .null : .text(values.joined(separator: separator))
    },
    Function("Split", [.text("source"), .text("delimiter")], gives: .list) { call in
      guard let source = try call.text(0) else { return .null }
      guard let delimiter = try call.text(1), !delimiter.isEmpty else {
        throw call.fault("the delimiter is empty")
      }
      return .list(pieces(of: source, between: delimiter))
    },
  ]

  /// Compared by bytes: `é` is not found in its decomposed spelling.
  static func pieces(of text: String, between delimiter: String) -> [String] {
    let (bytes, mark) = (Array(text.utf8), Array(delimiter.utf8))
    var pieces: [String] = []
    var start = 0
    var position = 0
    while position + mark.count <= bytes.count {
      if bytes[position..<position + mark.count].elementsEqual(mark) {
        pieces.append(String(decoding: bytes[start..<position], as: UTF8.self))
        position += mark.count
        start = position
      } else {
        position += 1
      }
    }
    pieces.append(String(decoding: bytes[start...], as: UTF8.self))
    return pieces
  }
}
