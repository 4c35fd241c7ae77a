/// Choosing and testing.
extension Function {
  static let logic: [Function] = [
    Function("And", [.condition("condition")], repeating: 1, gives: .condition) { call in
      for index in 0..<call.count where !(try call.condition(index)) { return .boolean(false) }
      return .boolean(true)
    },
    Function("Or", [.condition("condition")], repeating: 1, gives: .condition) { call in
      for index in 0..<call.count where try call.condition(index) { return .boolean(true) }
      return .boolean(false)
    },
    Function("Not", [.condition("source")], gives: .condition) { call in
      .boolean(!(try call.condition(0)))
    },
    Function(
      "IIF",
      [
        .condition("condition"), .any("valueIfTrue", optional: true),
        .any("valueIfFalse", optional: true),
      ], gives: .any
    ) { call in
      try call.value(try call.condition(0) ? 1 : 2)
    },
    Function("IsNullOrEmpty", [.any("expression")], gives: .condition) { call in
      .boolean(isNullOrEmpty(try call.value(0)))
    },
    Function("IsPresent", [.any("expression")], gives: .condition) { call in
      .boolean(!isNullOrEmpty(try call.value(0)))
    },
    Function("Coalesce", [.any("source")], repeating: 1, gives: .any) { call in
      for index in 0..<call.count {
        let value = try call.value(index)
        if value != .null { return value }
      }
      return .null
    },
    Function(
      "Switch",
      [
        .text("source"), .any("defaultValue", optional: true), .text("key"),
        .any("value", optional: true),
      ],
      repeating: 2, gives: .any
    ) { call in
      let source = try call.text(0)
      for index in stride(from: 2, to: call.count, by: 2) {
        if let source, let key = try call.text(index), source.utf8.elementsEqual(key.utf8) {
          return try call.value(index + 1)
        }
      }
      return try call.value(1)
    },
  ]

  private static func isNullOrEmpty(_ value: Value) -> Bool {
    switch value {
    case .null: true
    case .text(let text): text.isEmpty
    case .list(let list): list.allSatisfy(\.isEmpty)
    case .boolean, .number: false
    }
  }
}
