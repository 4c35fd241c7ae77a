extension Unicode.Scalar {
  /// Whether nobody can see it, or it changes how what stands around it is shown: controls,
  /// bidirectional and zero-width marks, separators, whatever Unicode says may be left out of display,
  /// and what has no agreed look (private use, unassigned, the replacement characters).
  ///
  /// The one list of them: identifiers with any are refused or held, and text from outside is shown
  /// with them spelled out. RFC 4518 §2.2 to §2.4 maps most of them to nothing or prohibits them.
  package var isHidden: Bool {
    if isASCII { return value < 0x20 || value == 0x7f }
    if value == 0xfffc || value == 0xfffd { return true }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      return true
    default: return properties.isDefaultIgnorableCodePoint
    }
  }

  /// `U+202E`.
  package var codePoint: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}

/// Text from outside with everything hidden in it written as `\u{…}`, so that nothing in it moves the
/// cursor, hides or reorders what is read.
package func visible(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: \.isHidden) else { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.isHidden {
      result += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
