import Yams

/// One node of a YAML document with its place. Scalars are text, whatever YAML would make of them:
/// `no` stays `no`, `0123` stays `0123`.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    /// `isPlain` tells `true` from `"true"`.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  package let content: Content
  package let location: SourceLocation
  /// What messages call it: `'group'`, `an item of 'packages'`.
  package let label: String

  /// Nothing, `~` or `null` was written.
  package var isBlank: Bool {
    if case .scalar(let text, isPlain: true) = content { return ["", "~", "null"].contains(text) }
    return false
  }
}

/// One key of a mapping with its value.
package struct YAMLEntry: Sendable {
  package let key: String
  package let location: SourceLocation
  package let value: YAMLNode
}

/// The one place that sees Yams: text to nodes. Refuses anchors, aliases and duplicate keys.
enum StrictYAML {
  /// `nil` if the text is no YAML or empty; the reason is in `diagnostics`.
  static func compose(
    _ text: String, path: String, diagnostics: inout [Diagnostic]
  ) -> YAMLNode? {
    let start = SourceLocation(path: path, line: 1, column: 1)
    do {
      let parser = try Parser(yaml: text)
      guard let root = try parser.singleRoot() else {
        diagnostics.append(Diagnostic(.error, "the file is empty", at: start))
        return nil
      }
      var composer = Composer(path: path)
      // Nodes refer to their anchors weakly; the parser owns them.
      let node = withExtendedLifetime(parser) { composer.node(root, label: "the file") }
      diagnostics += composer.diagnostics
      return node
    } catch {
      diagnostics.append(diagnostic(for: error, start: start))
      return nil
    }
  }

  private static func diagnostic(for error: any Error, start: SourceLocation) -> Diagnostic {
    func location(_ mark: Mark) -> SourceLocation {
      SourceLocation(path: start.path, line: mark.line, column: mark.column)
    }
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return Diagnostic(.error, "this is no YAML: \(problem)", at: location(mark))
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
      return Diagnostic(
        .error, "\(names) is written twice in the same place", at: location(context.mark))
    case .reader(let problem, let offset, _, _):
      let place = offset.map { " at byte \($0)" } ?? ""
      return Diagnostic(.error, "this is no YAML: \(problem)\(place)", at: start)
    default:
      return Diagnostic(.error, "this is no YAML: \(error)", at: start)
    }
  }
}

private struct Composer {
  let path: String
  var diagnostics: [Diagnostic] = []

  init(path: String) { self.path = path }

  /// `nil` where something is refused: nothing below an anchor is looked at, so that nodes shared by
  /// many aliases cost nothing.
  mutating func node(_ node: Node, label: String) -> YAMLNode? {
    let location = place(of: node)
    if node.anchor != nil {
      report("anchors and aliases are not allowed; write the value out", at: location)
      return nil
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain
      return YAMLNode(
        content: .scalar(scalar.string, isPlain: isPlain), location: location, label: label)
    case .sequence(let items):
      let nodes = items.compactMap { self.node($0, label: "an item of \(label)") }
      return YAMLNode(content: .sequence(nodes), location: location, label: label)
    case .mapping(let pairs):
      let entries = pairs.compactMap { entry($0.key, $0.value) }
      var seen: Set<String> = []
      for entry in entries where !seen.insert(entry.key).inserted {
        report("'\(entry.key)' is written twice in the same place", at: entry.location)
      }
      return YAMLNode(content: .mapping(entries), location: location, label: label)
    case .alias:
      report("anchors and aliases are not allowed; write the value out", at: location)
      return nil
    }
  }

  /// `nil` where something is refused, which has been reported then.
  private mutating func entry(_ key: Node, _ value: Node) -> YAMLEntry? {
    let location = place(of: key)
    guard case .scalar(let scalar) = key, key.anchor == nil else {
      report("a key must be a plain text", at: location)
      return nil
    }
    let name = scalar.string
    guard let value = node(value, label: "'\(name)'") else { return nil }
    return YAMLEntry(key: name, location: location, value: value)
  }

  private func place(of node: Node) -> SourceLocation {
    SourceLocation(path: path, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
  }

  private mutating func report(_ message: String, at location: SourceLocation) {
    diagnostics.append(Diagnostic(.error, message, at: location))
  }
}
