/// A search filter (RFC 4511 §4.5.1.7), built as a tree and never put together from text.
package indirect enum Filter: Equatable, Sendable {
  case and([Filter])
  case or([Filter])
  case not(Filter)
  case equals(String, String)
  case present(String)
  case atLeast(String, String)
  case atMost(String, String)
  case substrings(String, initial: String = "", any: [String] = [], final: String = "")

  /// Every entry has an object class.
  package static let everything = Filter.present("objectClass")
}

extension Filter: CustomStringConvertible {
  /// The text form of RFC 4515, every value escaped.
  package var description: String {
    switch self {
    case .and(let filters): "(&\(filters.map(\.description).joined()))"
    case .or(let filters): "(|\(filters.map(\.description).joined()))"
    case .not(let filter): "(!\(filter))"
    case .equals(let type, let value): "(\(type)=\(Self.escape(value, ValueForm(of: type))))"
    case .present(let type): "(\(type)=*)"
    case .atLeast(let type, let value): "(\(type)>=\(Self.escape(value)))"
    case .atMost(let type, let value): "(\(type)<=\(Self.escape(value)))"
    case .substrings(let type, let initial, let any, let final):
      "(\(type)=\(([initial] + any + [final]).map(Self.escape).joined(separator: "*")))"
    }
  }

  private static func escape(_ value: String, _ form: ValueForm) -> String {
    switch form {
    case .utf8: escape(value)
    case .guid: form.bytes(value).map(escape).joined()
    }
  }

  private static func escape(_ byte: UInt8) -> String {
    "\\" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  /// RFC 4515 §3: `*`, `(`, `)`, `\` and NUL as two digits; control characters and spaces at either
  /// end too, for servers and tools that trim.
  private static func escape(_ value: String) -> String {
    let scalars = value.unicodeScalars
    var text = ""
    for index in scalars.indices {
      let scalar = scalars[index]
      let isEnd = index == scalars.startIndex || scalars.index(after: index) == scalars.endIndex
      switch scalar {
      case "*", "(", ")", "\\", "\0"..<" ", "\u{7f}",
        " " where isEnd:
        text += escape(UInt8(scalar.value))
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
