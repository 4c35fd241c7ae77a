/// One function of the language: its name, what it takes, and what it does.
///
/// To add one, add an entry to the file of its family under `Functions/`, and that family to `table`
/// if it is new.
struct Function: Sendable {
  let name: String
  let parameters: [Parameter]
  /// How many of the last parameters may come again and again, as a group.
  let repeating: Int
  let result: Kind
  /// Why these arguments make no sense, where counting them is not enough.
  private let check: (@Sendable ([Node]) -> String?)?
  /// Throws nothing but `EvaluationError`; closures do not infer typed throws yet.
  let body: @Sendable (Call) throws -> Value

  struct Parameter: Sendable {
    let name: String
    let kind: Kind
    /// May be left empty or, at the end, left out.
    let isOptional: Bool
  }

  init(
    _ name: String, _ parameters: [Parameter], repeating: Int = 0, gives result: Kind = .text,
    check: (@Sendable ([Node]) -> String?)? = nil,
    body: @escaping @Sendable (Call) throws -> Value
  ) {
    self.name = name
    self.parameters = parameters
    self.repeating = repeating
    self.result = result
    self.check = check
    self.body = body
  }

  /// By name. Names are case-sensitive, as in Entra.
  static let table: [String: Function] = Dictionary(
    uniqueKeysWithValues: (Self.logic + Self.texts + Self.lists + [Self.replace]).map {
      ($0.name, $0)
    })

  static func named(_ name: String) -> Function? { table[name] }

  /// The parameter that takes the argument at `index`; `nil` if there are too many.
  func parameter(at index: Int) -> Parameter? {
    if index < parameters.count { return parameters[index] }
    guard repeating > 0 else { return nil }
    return parameters[parameters.count - repeating + (index - parameters.count) % repeating]
  }

  /// Why the arguments do not fit; `nil` if they do.
  func refusal(of arguments: [Node]) -> String? {
    if arguments.count > parameters.count, repeating == 0 {
      return "\(usage) takes at most \(parameters.count) arguments, not \(arguments.count)"
    }
    for (index, argument) in arguments.enumerated() {
      if case .omitted = argument, let parameter = parameter(at: index), !parameter.isOptional {
        return "\(usage): \(parameter.name) (argument \(index + 1)) is empty"
      }
    }
    if let missing = parameters.dropFirst(arguments.count).first(where: { !$0.isOptional }) {
      return "\(usage): \(missing.name) is missing"
    }
    if repeating > 1, (arguments.count - parameters.count) % repeating != 0 {
      let names = parameters.suffix(repeating).map(\.name).joined(separator: " and ")
      return "\(usage): \(names) come together"
    }
    return check?(arguments).map { "\(usage): \($0)" }
  }

  /// `Left(source, count)`, for messages.
  private var usage: String {
    "\(name)(\(parameters.map(\.name).joined(separator: ", "))\(repeating > 0 ? ", …" : ""))"
  }
}

extension Function.Parameter {
  static func any(_ name: String, optional: Bool = false) -> Self {
    Self(name: name, kind: .any, isOptional: optional)
  }
  static func text(_ name: String, optional: Bool = false) -> Self {
    Self(name: name, kind: .text, isOptional: optional)
  }
  static func number(_ name: String) -> Self {
    Self(name: name, kind: .number, isOptional: false)
  }
  static func condition(_ name: String) -> Self {
    Self(name: name, kind: .condition, isOptional: false)
  }
}
