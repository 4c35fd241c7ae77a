/// A place in a text file, counted from 1.
package struct SourceLocation: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let path: String
  package let line: Int
  package let column: Int

  package init(path: String, line: Int, column: Int) {
    self.path = path
    self.line = line
    self.column = column
  }

  package var description: String { "\(path):\(line):\(column)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.path, left.line, left.column) < (right.path, right.line, right.column)
  }
}

/// A fault found in a mapping or configuration file.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  package enum Severity: String, Sendable {
    case error, warning
  }

  package let severity: Severity
  package let message: String
  package let location: SourceLocation
  /// What helps to see it, such as an expression with a caret below; may have several lines.
  package let note: String?

  package init(
    _ severity: Severity, _ message: String, at location: SourceLocation, note: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.note = note
  }

  /// `mappings/x.yaml:7:5: error: unknown key 'gruop'; did you mean 'group'?`, the note below it.
  package var description: String {
    let line = "\(location): \(severity): \(message)"
    guard let note else { return line }
    return line + note.split(separator: "\n").map { "\n    \($0)" }.joined()
  }
}

extension Sequence<Diagnostic> {
  package var hasErrors: Bool { contains { $0.severity == .error } }
}
