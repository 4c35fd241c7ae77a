import Legibility

/// Text of unknown origin for an error: in quotes, short, and nothing in it that a terminal obeys.
func quoted(_ text: String) -> String {
  let scalars = text.unicodeScalars
  let shown = visible(String(String.UnicodeScalarView(scalars.prefix(40))))
  return "'\(shown)\(scalars.count > 40 ? "…" : "")'"
}
