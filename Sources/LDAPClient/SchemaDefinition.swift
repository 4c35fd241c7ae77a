/// One definition of a schema, taken apart (RFC 4512 §4.1): `( NUMBER NAME … KEYWORD … )`.
struct SchemaDefinition {
  /// The number, then the names.
  let names: [String]
  private let tokens: [Token]

  private struct Token {
    let text: String
    let isQuoted: Bool
  }

  /// `nil` if it is none.
  init?(_ text: String) {
    tokens = Self.tokens(of: text)
    guard tokens.count > 2, tokens[0].text == "(", !tokens[0].isQuoted else { return nil }
    names = [tokens[1].text] + Self.words(after: "NAME", in: tokens)
  }

  /// One word, or the words between parentheses, after a keyword; empty without it.
  func words(_ keyword: String) -> [String] { Self.words(after: keyword, in: tokens) }

  func has(_ keyword: String) -> Bool {
    tokens.contains { !$0.isQuoted && $0.text == keyword }
  }

  private static func words(after keyword: String, in tokens: [Token]) -> [String] {
    guard let index = tokens.firstIndex(where: { !$0.isQuoted && $0.text == keyword }) else {
      return []
    }
    let rest = tokens.dropFirst(index + 1)
    guard let first = rest.first, first.text == "(", !first.isQuoted else {
      return rest.prefix(1).map(\.text)
    }
    return rest.dropFirst().prefix { $0.isQuoted || $0.text != ")" }
      .filter { $0.isQuoted || $0.text != "$" }.map(\.text)
  }

  /// Words, `(`, `)`, `$`; a quoted string is one word. By bytes: a schema has a hundred thousand.
  private static func tokens(of definition: String) -> [Token] {
    var tokens: [Token] = []
    var word: [UInt8] = []
    var isQuoted = false
    func end(quoted: Bool = false) {
      guard !word.isEmpty || quoted else { return }
      tokens.append(Token(text: String(decoding: word, as: UTF8.self), isQuoted: quoted))
      word.removeAll(keepingCapacity: true)
    }
    for byte in definition.utf8 {
      switch byte {
      case UInt8(ascii: "'"):
        end(quoted: isQuoted)
        isQuoted.toggle()
      case _ where isQuoted: word.append(byte)
      case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "$"):
        end()
        word.append(byte)
        end()
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"): end()
      default: word.append(byte)
      }
    }
    end()
    return tokens
  }
}
