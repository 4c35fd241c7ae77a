package import AccessModel
import Expressions

/// Reads nodes into values, and collects every fault on the way instead of stopping at the first.
/// Each method gives `nil` for what is absent or faulty; a fault is reported, absence is not.
package struct YAMLReader {
  package private(set) var diagnostics: [Diagnostic] = []

  package init() {}

  /// By location, then as they were found, each once.
  package var sortedDiagnostics: [Diagnostic] {
    var told: Set<Diagnostic> = []
    return diagnostics.enumerated()
      .sorted { ($0.element.location, $0.offset) < ($1.element.location, $1.offset) }
      .map(\.element).filter { told.insert($0).inserted }
  }

  /// The document's root, whose `version` must be 1.
  package mutating func document(_ text: String, path: String, keys: [String]) -> YAMLFields? {
    guard let node = StrictYAML.compose(text, path: path, diagnostics: &diagnostics),
      let root = fields(node, keys: ["version"] + keys)
    else { return nil }
    if let version = root["version"] {
      if self.text(version) != "1" {
        error("version must be 1, the only version there is", at: version.location)
      }
    } else {
      error("'version: 1' is missing at the top of the file", at: root.location)
    }
    return root
  }

  package mutating func error(_ message: String, at location: SourceLocation, note: String? = nil) {
    diagnostics.append(Diagnostic(.error, message, at: location, note: note))
  }

  package mutating func warning(_ message: String, at location: SourceLocation) {
    diagnostics.append(Diagnostic(.warning, message, at: location))
  }

  /// The keys and values of a mapping that may hold `keys` only and must hold `required`.
  package mutating func fields(
    _ node: YAMLNode?, keys: [String], required: [String] = []
  ) -> YAMLFields? {
    guard let fields = anyFields(node) else { return nil }
    for entry in fields.entries where !keys.contains(entry.key) {
      let free = keys.filter { fields[$0] == nil }
      let advice =
        nearest(to: entry.key, among: free).map { "did you mean '\($0)'?" }
        ?? "the keys here are \(keys.joined(separator: ", "))"
      error("unknown key '\(entry.key)'; \(advice)", at: entry.location)
    }
    for key in required where fields[key] == nil {
      error("'\(key)' is missing in \(fields.label)", at: fields.location)
    }
    return fields
  }

  /// The keys and values of a mapping whose keys are names that the user chose.
  package mutating func anyFields(_ node: YAMLNode?) -> YAMLFields? {
    guard let node else { return nil }
    guard case .mapping(let entries) = node.content else {
      error(
        node.isBlank ? "\(node.label) has no value" : "\(node.label) must have keys of its own",
        at: node.location)
      return nil
    }
    return YAMLFields(entries: entries, location: node.location, label: node.label)
  }

  package mutating func items(_ node: YAMLNode?) -> [YAMLNode]? {
    guard let node else { return nil }
    guard case .sequence(let items) = node.content else {
      error(
        node.isBlank ? "\(node.label) has no value" : "\(node.label) must be a list",
        at: node.location)
      return nil
    }
    return items
  }

  /// A text that is not empty.
  package mutating func text(_ node: YAMLNode?) -> String? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node.content else {
      error("\(node.label) must be a text", at: node.location)
      return nil
    }
    guard !node.isBlank, !text.isEmpty else {
      error("\(node.label) has no value", at: node.location)
      return nil
    }
    return text
  }

  /// A list of texts; a single text is a list of one.
  package mutating func texts(_ node: YAMLNode?) -> [String]? {
    guard let node else { return nil }
    guard case .sequence(let items) = node.content else { return text(node).map { [$0] } }
    let texts = items.compactMap { text($0) }
    return texts.count == items.count ? texts : nil
  }

  /// A list of at least one text; a single text is a list of one.
  package mutating func someTexts(_ node: YAMLNode?) -> [String]? {
    guard let node, let texts = texts(node) else { return nil }
    guard !texts.isEmpty else {
      error("\(node.label) is empty", at: node.location)
      return nil
    }
    return texts
  }

  package mutating func flag(_ node: YAMLNode?) -> Bool? {
    guard let node else { return nil }
    switch node.content {
    case .scalar("true", isPlain: true): return true
    case .scalar("false", isPlain: true): return false
    default:
      error("\(node.label) must be true or false", at: node.location)
      return nil
    }
  }

  package mutating func wholeNumber(_ node: YAMLNode?, in range: ClosedRange<Int>) -> Int? {
    guard let node, let text = text(node) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      error(
        "\(node.label) must be a whole number from \(range.lowerBound) to \(range.upperBound)",
        at: node.location)
      return nil
    }
    return number
  }

  /// An ISO 8601 duration such as `P30D`.
  package mutating func calendarDuration(_ node: YAMLNode?) -> CalendarDuration? {
    guard let node, let text = text(node) else { return nil }
    do {
      return try CalendarDuration(parsing: text)
    } catch {
      self.error("\(node.label): \(error)", at: node.location)
      return nil
    }
  }

  /// A duration without years or months, whose length depends on the date. Longer than nothing
  /// unless `orNone` allows that.
  package mutating func duration(_ node: YAMLNode?, orNone: Bool = false) -> Duration? {
    guard let node, let value = calendarDuration(node) else { return nil }
    let seconds = value.days * 86_400 + value.seconds
    guard value.months == 0 else {
      error(
        "\(node.label) must be in weeks or shorter units; months differ in length",
        at: node.location)
      return nil
    }
    guard seconds > 0 || orNone else {
      error(
        "\(node.label) must be longer than nothing", at: node.location)
      return nil
    }
    return .seconds(seconds)
  }

  /// One of a few words.
  package mutating func choice<Word: RawRepresentable>(
    _ node: YAMLNode?, of words: [Word]
  ) -> Word? where Word.RawValue == String {
    guard let node, let text = text(node) else { return nil }
    if let word = words.first(where: { $0.rawValue == text }) { return word }
    let names = words.map(\.rawValue).joined(separator: " or ")
    error("\(node.label) must be \(names), not '\(text)'", at: node.location)
    return nil
  }
}

/// The keys and values of one mapping, in the order they were written.
package struct YAMLFields: Sendable {
  package let entries: [YAMLEntry]
  package let location: SourceLocation
  package let label: String

  package subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }
}
