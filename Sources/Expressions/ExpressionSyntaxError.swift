/// Why a text is not an expression.
package struct ExpressionSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
  package let message: String
  package let text: String
  /// Of the character at fault, from 1. One past the end if something is missing there.
  package let column: Int

  package var description: String { "column \(column): \(message)" }

  /// The line at fault with a caret below the character, cut to about 80 columns.
  package var excerpt: String {
    let characters = Array(text)
    let fault = min(column - 1, characters.count)
    let lineStart = characters[..<fault].lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
    let lineEnd = characters[fault...].firstIndex(where: \.isNewline) ?? characters.count
    let start = max(lineStart, fault - 50)
    let end = min(lineEnd, max(fault + 28, start + 78))
    let shown = String(characters[start..<end].map { $0 == "\t" ? " " : $0 })
    return shown + "\n" + String(repeating: " ", count: fault - start) + "^"
  }
}
