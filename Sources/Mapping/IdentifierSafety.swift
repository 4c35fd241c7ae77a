import Foundation

/// What two identifiers share that a reader or a directory could take for the same: NFKC, case
/// folding and runs of white space made one. Compared by bytes.
///
/// Case goes up and down again, which also folds `ß`, `ſ`, the Kelvin sign and the dotless `ı`.
func collisionKey(_ text: String) -> String {
  let folded: String
  if text.utf8.allSatisfy({ $0 < 0x80 }) {
    folded = text.lowercased()
  } else {
    folded =
      text.precomposedStringWithCompatibilityMapping.uppercased().lowercased()
      .precomposedStringWithCompatibilityMapping
  }
  return folded.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

/// The first character that nobody can see in an identifier: controls, bidirectional and zero-width
/// marks, and whatever else Unicode says may be left out of display.
func invisibleScalar(in text: String) -> Unicode.Scalar? {
  text.unicodeScalars.first { scalar in
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7f }
    let properties = scalar.properties
    if properties.isDefaultIgnorableCodePoint { return true }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}

/// `U+202E`.
func codePoint(_ scalar: Unicode.Scalar) -> String {
  let digits = String(scalar.value, radix: 16, uppercase: true)
  return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
