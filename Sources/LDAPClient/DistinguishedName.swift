/// The name of an entry (RFC 4514), leaf first.
///
/// Two names are equal if their normal forms are: attribute types in lower case and by their short
/// name, values with case folded and runs of spaces made one, the parts of a multi-valued name
/// sorted. That is how servers compare the attributes that names are made of. Canonically equivalent
/// spellings of one accented letter stay different.
package struct DistinguishedName: Sendable {
  /// One `type=value`.
  package struct Part: Sendable {
    package let type: String
    package let value: String
    /// Whether the value is the `#`-form of RFC 4514 §2.4, kept as it is written.
    let isHexadecimal: Bool

    package init(type: String, value: String) {
      self.init(type: type, value: value, isHexadecimal: false)
    }

    init(type: String, value: String, isHexadecimal: Bool) {
      self.type = type
      self.value = value
      self.isHexadecimal = isHexadecimal
    }

    package var description: String {
      "\(type)=\(isHexadecimal ? value : Self.escape(value))"
    }

    package var normalised: String {
      let value = isHexadecimal ? value.lowercased() : Self.escape(Self.fold(value))
      return "\(AttributeType.normalise(type))=\(value)"
    }
  }

  /// One level of the name: usually a single part.
  package struct RelativeName: Sendable {
    package let parts: [Part]

    package init(_ first: Part, _ others: Part...) { parts = [first] + others }

    init(parts: [Part]) { self.parts = parts }

    package var description: String { parts.map(\.description).joined(separator: "+") }

    package var normalised: String {
      parts.map(\.normalised).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        .joined(separator: "+")
    }
  }

  /// Leaf first; empty for the root.
  package let names: [RelativeName]
  /// The form in which names are compared; a valid name itself.
  package let normalised: String

  package init(_ names: [RelativeName]) {
    self.names = names
    normalised = names.map(\.normalised).joined(separator: ",")
  }

  /// The name of an entry just below this one.
  package func child(_ type: String, _ value: String) -> DistinguishedName {
    DistinguishedName([RelativeName(Part(type: type, value: value))] + names)
  }

  /// `nil` for the root.
  package var parent: DistinguishedName? {
    names.isEmpty ? nil : DistinguishedName(Array(names.dropFirst()))
  }

  /// Whether this entry lies below the other one, at any depth; nothing lies below itself.
  package func isDescendant(of ancestor: DistinguishedName) -> Bool {
    names.count > ancestor.names.count && isSameOrDescendant(of: ancestor)
  }

  package func isSameOrDescendant(of ancestor: DistinguishedName) -> Bool {
    guard names.count >= ancestor.names.count else { return false }
    return zip(names.suffix(ancestor.names.count), ancestor.names)
      .allSatisfy { $0.normalised.utf8.elementsEqual($1.normalised.utf8) }
  }

  /// The value of `type` in the leaf, if the leaf is named by it.
  package func leafValue(of type: String) -> String? {
    let wanted = AttributeType.normalise(type)
    return names.first?.parts.first { AttributeType.normalise($0.type) == wanted }?.value
  }

  /// Of an attribute's values, the one that the leaf is named by; the first if it is named by another
  /// attribute.
  package func namingValue(of type: String, among values: [String]) -> String? {
    guard let name = leafValue(of: type) else { return values.first }
    let folded = Part.fold(name)
    return values.first { Part.fold($0).utf8.elementsEqual(folded.utf8) } ?? values.first
  }
}

extension DistinguishedName: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.normalised.utf8.elementsEqual(right.normalised.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in normalised.utf8 { hasher.combine(byte) }
  }
}

extension DistinguishedName: CustomStringConvertible {
  /// The name as RFC 4514 writes it, in the case it was given.
  package var description: String { names.map(\.description).joined(separator: ",") }
}

extension DistinguishedName.Part {
  /// RFC 4514 §2.4; control characters too, so that a name prints on one line.
  static func escape(_ value: String) -> String {
    let scalars = value.unicodeScalars
    guard let last = scalars.indices.last else { return "" }
    var text = ""
    for index in scalars.indices {
      let scalar = scalars[index]
      switch scalar {
      case "\"", "+", ",", ";", "<", ">", "\\":
        text += "\\"
        text.unicodeScalars.append(scalar)
      case " " where index == scalars.startIndex || index == last:
        text += "\\ "
      case "#" where index == scalars.startIndex:
        text += "\\#"
      case "\0"..<" ", "\u{7f}":
        text += "\\" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// Letters to lower case one by one, as servers do, and spaces squeezed (RFC 4518 §2.6.1).
  static func fold(_ value: String) -> String {
    var text = String.UnicodeScalarView()
    var spaces = 0
    for scalar in value.unicodeScalars {
      if scalar == " " {
        spaces += 1
        continue
      }
      if spaces > 0, !text.isEmpty { text.append(" ") }
      spaces = 0
      let lower = scalar.properties.lowercaseMapping.unicodeScalars
      text.append(lower.count == 1 ? lower[lower.startIndex] : scalar)
    }
    return text.isEmpty && spaces > 0 ? " " : String(text)
  }
}
