internal import JSON
internal import SCIMClient

extension SCIMAttributePath {
  /// The values a user has; empty if the attribute is absent.
  func values(in user: JSONValue) -> [String] {
    let attribute = (schema.map { user[$0] } ?? user)?[name]
    switch selector {
    case .whole: return texts(attribute)
    case .part(let part): return texts(attribute?[part])
    case .list: return Self.elements(attribute).compactMap { $0["value"]?.text ?? $0.text }
    case .element(let type, let part):
      guard let position = attribute.flatMap({ Self.position(ofType: type, in: $0) }) else {
        return []
      }
      return texts(attribute?.elements?[position][part])
    case .single(let part): return texts(Self.elements(attribute).first?[part])
    }
  }

  /// A service may keep an empty text where nothing is meant.
  private func texts(_ value: JSONValue?) -> [String] {
    guard let text = value?.text, !text.isEmpty else { return [] }
    return [text]
  }

  /// Writes the values into a whole user, for POST and PUT; none removes the attribute.
  func write(_ values: [String], into user: inout JSONValue) {
    guard let schema else { return write(values, intoAttributesOf: &user) }
    var attributes = user[schema] ?? [:]
    write(values, intoAttributesOf: &attributes)
    user[schema] = attributes
    guard !values.isEmpty, case .array(let schemas)? = user["schemas"],
      !schemas.contains(.string(schema))
    else { return }
    user["schemas"] = .array(schemas + [.string(schema)])
  }

  private func write(_ values: [String], intoAttributesOf object: inout JSONValue) {
    switch selector {
    case .whole: object[name] = values.first.map(json)
    case .part(let part):
      var complex = object[name] ?? [:]
      complex[part] = values.first.map(json)
      object[name] = complex
    case .list: object[name] = values.isEmpty ? nil : list(values)
    case .element(let type, let part):
      var elements = Self.elements(object[name])
      if let position = Self.position(ofType: type, in: .array(elements)) {
        elements[position][part] = values.first.map(json)
        if values.isEmpty, part == "value" { elements.remove(at: position) }
      } else if let value = values.first {
        elements.append(element(type, part, value, isFirst: elements.isEmpty))
      }
      object[name] = elements.isEmpty ? nil : .array(elements)
    case .single(let part):
      object[name] = values.first.map { .array([.object([part: json($0)])]) }
    }
  }

  /// What a PATCH does to bring the attribute from one list of values to another: one operation,
  /// with a path, which is what most services understand.
  func operation(from before: [String], to after: [String]) -> PatchOperation {
    switch selector {
    case .whole, .part:
      return after.first.map { .replace(wirePath, json($0)) } ?? .remove(wirePath)
    case .list: return after.isEmpty ? .remove(wirePath) : .replace(wirePath, list(after))
    case .element(let type, let part):
      let filter = "\(wirePath)[\(Filter.equals("type", type))]"
      guard let value = after.first else {
        return .remove(part == "value" ? filter : "\(filter).\(part)")
      }
      return before.isEmpty && part == "value"
        ? .add(wirePath, [element(type, part, value, isFirst: false)])
        : .replace("\(filter).\(part)", json(value))
    case .single(let part):
      return after.first.map { .replace(wirePath, [.object([part: json($0)])]) }
        ?? .remove(wirePath)
    }
  }

  /// Whether it can be written without a path and without touching anything else.
  var isPlain: Bool { selector == .whole && schema == nil }

  /// Whether what a service has is what was asked for.
  func accepts(_ values: [String], asked: [String]) -> Bool {
    if CoreUserSchema.ignoresCase(self) {
      return values.map { $0.lowercased() } == asked.map { $0.lowercased() }
    }
    return values.map { Array($0.utf8) } == asked.map { Array($0.utf8) }
  }

  /// Why these values cannot be written; `nil` if they can.
  func fault(in values: [String]) -> String? {
    if values.count > 1, selector != .list {
      return "\(self) takes one value and \(values.count) are mapped"
    }
    if CoreUserSchema.isBoolean(self), !values.allSatisfy({ $0 == "true" || $0 == "false" }) {
      return "\(self) takes true or false"
    }
    return nil
  }

  private var wirePath: String {
    let base = schema.map { "\($0):\(name)" } ?? name
    if case .part(let part) = selector { return "\(base).\(part)" }
    return base
  }

  private func json(_ value: String) -> JSONValue {
    CoreUserSchema.isBoolean(self) ? .bool(value == "true") : .string(value)
  }

  private func list(_ values: [String]) -> JSONValue {
    .array(values.map { ["value": .string($0)] })
  }

  private func element(
    _ type: String, _ part: String, _ value: String, isFirst: Bool
  ) -> JSONValue {
    var element: JSONValue = ["type": .string(type)]
    element[part] = json(value)
    if isFirst, name == "emails" { element["primary"] = true }
    return element
  }

  /// An attribute without values may be left out (RFC 7643 §2.5).
  private static func elements(_ attribute: JSONValue?) -> [JSONValue] {
    guard case .array(let elements)? = attribute else { return [] }
    return elements
  }

  /// The primary element of a type, or else its first.
  private static func position(ofType type: String, in list: JSONValue) -> Int? {
    guard let elements = list.elements else { return nil }
    let positions = elements.indices.filter {
      elements[$0]["type"]?.text?.lowercased() == type.lowercased()
    }
    return positions.first { elements[$0]["primary"]?.boolean == true } ?? positions.first
  }
}
