import Foundation

/// What two identifiers share that a reader or a directory could take for the same: NFKC, case
/// folding, runs of white space made one, and letters that look like Latin ones. Compared by bytes.
///
/// Case goes up and down again, which also folds `ß`, `ſ`, the Kelvin sign and the dotless `ı`. It is
/// for finding collisions, never for telling who somebody is.
package func likeness(of text: String) -> String {
  if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x20 && !(0x09...0x0d).contains($0) }) {
    return text.lowercased()
  }
  let folded = text.precomposedStringWithCompatibilityMapping.uppercased().lowercased()
    .precomposedStringWithCompatibilityMapping
  let latin = String(
    String.UnicodeScalarView(folded.unicodeScalars.map { lookAlikes[$0] ?? $0 }))
  return latin.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

/// The scripts of Latin look-alikes that a text mixes with each other or with Latin, sorted: nobody
/// writes a word in two of them but to deceive. Empty unless there are two.
package func mixedScripts(in text: String) -> [String] {
  guard text.utf8.contains(where: { $0 >= 0x80 }) else { return [] }
  var scripts: Set<String> = []
  for scalar in text.precomposedStringWithCompatibilityMapping.unicodeScalars
  where scalar.properties.isAlphabetic {
    switch scalar.value {
    case 0x41...0x5a, 0x61...0x7a, 0xc0...0x2af, 0x1e00...0x1eff: scripts.insert("Latin")
    case 0x370...0x3ff, 0x1f00...0x1fff: scripts.insert("Greek")
    case 0x400...0x52f, 0x1c80...0x1c8f, 0x2de0...0x2dff, 0xa640...0xa69f:
      scripts.insert("Cyrillic")
    case 0x530...0x58f: scripts.insert("Armenian")
    case 0x13a0...0x13ff, 0xab70...0xabbf: scripts.insert("Cherokee")
    default: continue
    }
  }
  return scripts.count > 1 ? scripts.sorted() : []
}

/// Lower-case letters of other scripts by the Latin ones that they, or their capitals, look like.
private let lookAlikes: [Unicode.Scalar: Unicode.Scalar] = [
  // Cyrillic
  "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "н": "h", "і": "i", "ј": "j",
  "к": "k", "ӏ": "l", "м": "m", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "ѵ": "v",
  "ԝ": "w", "х": "x", "у": "y", "ү": "y",
  // Greek
  "α": "a", "β": "b", "ε": "e", "ζ": "z", "η": "h", "ι": "i", "κ": "k", "μ": "m", "ν": "v",
  "ο": "o", "ρ": "p", "τ": "t", "υ": "y", "χ": "x",
  // Armenian
  "օ": "o", "հ": "h", "ո": "n", "ս": "u", "ց": "g", "զ": "q",
  // Latin that is not ASCII
  "ɑ": "a", "ɡ": "g", "ɩ": "i",
]
