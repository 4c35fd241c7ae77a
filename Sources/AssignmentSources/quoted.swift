/// Text of unknown origin for an error: in quotes, short, and nothing in it that a terminal obeys.
func quoted(_ text: String) -> String {
  let shown = text.unicodeScalars.prefix(40).map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
      scalar.escaped(asASCII: true)
    default: String(scalar)
    }
  }
  return "'\(shown.joined())\(text.unicodeScalars.count > 40 ? "…" : "")'"
}
