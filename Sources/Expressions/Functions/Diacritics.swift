import Foundation

/// Letters that carry their stroke or ligature in themselves and do not decompose.
private let strokes: [Unicode.Scalar: String] = [
  "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d",
  "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ł": "l", "Ł": "L", "þ": "th", "Þ": "TH",
  "ŧ": "t", "Ŧ": "T", "ı": "i",
]

/// `Zoë` becomes `Zoe`: decomposes, drops combining marks, and puts plain letters for those that do
/// not decompose.
func withoutDiacritics(_ text: String) -> String {
  var plain = ""
  for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
    if let replacement = strokes[scalar] {
      plain += replacement
    } else if scalar.properties.generalCategory != .nonspacingMark {
      plain.unicodeScalars.append(scalar)
    }
  }
  return plain.precomposedStringWithCanonicalMapping
}
