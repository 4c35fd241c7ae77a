/// A JSON document. What is not there is `null`.
enum JSON: Hashable, Sendable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([JSON])
  case object([String: JSON])

  subscript(name: String) -> JSON {
    if case .object(let members) = self { members[name, default: .null] } else { .null }
  }

  /// The items of a list; none of anything else.
  var items: [JSON] { if case .list(let items) = self { items } else { [] } }

  /// The names of an object's members.
  var names: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }

  var text: String? { if case .text(let text) = self { text } else { nil } }
}

extension JSON: Decodable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = Self.decoded(Bool.self, container) {
      self = .flag(flag)
    } else if let number = Self.decoded(Double.self, container) {
      self = .number(number)
    } else if let text = Self.decoded(String.self, container) {
      self = .text(text)
    } else if let items = Self.decoded([JSON].self, container) {
      self = .list(items)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }

  private static func decoded<Value: Decodable>(
    _ type: Value.Type, _ container: any SingleValueDecodingContainer
  ) -> Value? {
    do { return try container.decode(type) } catch { return nil }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  init(stringLiteral text: String) { self = .text(text) }
  init(integerLiteral number: Int) { self = .number(Double(number)) }
  init(booleanLiteral flag: Bool) { self = .flag(flag) }
}
