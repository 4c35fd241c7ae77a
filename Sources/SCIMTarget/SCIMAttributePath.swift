internal import SCIMClient

/// The name by which a mapping calls an attribute of a SCIM user.
///
///     userName, displayName, active …                     a plain attribute
///     name.givenName                                      one part of a name
///     emails.work      emails[type eq "work"].value       the value of the element of that type
///     addresses.work.country                              one part of the element of that type
///     roles                                               every value of a list
///     urn:…:2.0:User:department                           an attribute of an extension
package struct SCIMAttributePath: Hashable, Sendable, CustomStringConvertible {
  package struct SyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  enum Selector: Hashable, Sendable {
    case whole
    case part(String)
    case list
    case element(type: String, part: String)
    /// Of a list whose elements have no type: its one element.
    case single(part: String)
  }

  /// As it was written.
  package let description: String
  /// The URN of the extension it belongs to; `nil` for the core schema.
  let schema: String?
  let name: String
  let selector: Selector

  /// Throws for what is no path, what the core schema of users does not have, and what is never
  /// written: ids, the anchor, passwords, and what the service keeps for itself.
  package init(parsing text: String) throws(SyntaxError) {
    description = text
    var rest = text[...]
    var schema: String?
    if text.lowercased().hasPrefix("urn:") {
      guard let colon = text.lastIndex(of: ":"), colon > text.index(text.startIndex, offsetBy: 4)
      else { throw SyntaxError(description: "'\(text)' names no attribute after its schema") }
      schema = String(text[..<colon])
      rest = text[text.index(after: colon)...]
    }
    let isCore = schema.map { $0.lowercased() == ResourceType.user.schema.lowercased() } ?? true
    self.schema = isCore ? nil : schema
    let (parts, isFiltered) = try Self.split(rest, of: text)
    name = parts[0]
    if isCore {
      selector = try CoreUserSchema.selector(parts, isFiltered: isFiltered, text: text)
    } else {
      guard parts.count <= 2, !isFiltered else {
        throw SyntaxError(description: "'\(text)': an extension attribute has at most two parts")
      }
      selector = parts.count == 2 ? .part(parts[1]) : .whole
    }
  }

  /// The same attribute on a service whose schema knows no types of elements: there the list has one.
  func adapted(to userSchema: UserSchema?) -> SCIMAttributePath {
    guard case .element(_, let part) = selector, let userSchema, !userSchema.hasTypes(name) else {
      return self
    }
    return SCIMAttributePath(
      description: description, schema: schema, name: name, selector: .single(part: part))
  }

  /// What the service's schema says of writing it; without one, that it may be written.
  func writability(in userSchema: UserSchema?) -> UserSchema.Writability {
    let part: String? =
      switch selector {
      case .whole: nil
      case .list: "value"
      case .part(let part), .element(_, let part), .single(let part): part
      }
    return userSchema?.writability(extension: schema, name: name, part: part) ?? .free
  }

  /// `emails[type eq "work"].value` and `emails.work.value` are the same three parts.
  private static func split(
    _ rest: Substring, of text: String
  ) throws(SyntaxError) -> (parts: [String], isFiltered: Bool) {
    var parts: [Substring]
    let opening = "[type eq \""
    let isFiltered = rest.contains("[")
    if let bracket = rest.firstIndex(of: "["), rest[bracket...].hasPrefix(opening) {
      let type = rest[bracket...].dropFirst(opening.count).prefix { $0 != "\"" }
      let tail = rest[type.endIndex...]
      guard tail.hasPrefix("\"].") || tail == "\"]" else {
        throw SyntaxError(description: "'\(text)' is not of the form list[type eq \"…\"].part")
      }
      parts = [rest[..<bracket], type]
      if tail.hasPrefix("\"].") { parts.append(tail.dropFirst(3)) }
    } else {
      parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    }
    guard parts.count <= 3, parts.allSatisfy({ isName($0) }) else {
      throw SyntaxError(description: "'\(text)' is not the path of a SCIM attribute")
    }
    return (parts.map(String.init), isFiltered)
  }

  /// ATTRNAME of RFC 7643 §2.1, which is also enough for the types of elements.
  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "$") else {
      return false
    }
    return text.utf8.dropFirst().allSatisfy {
      isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
        || $0 == UInt8(ascii: "_")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

extension SCIMAttributePath {
  static let active = SCIMAttributePath(
    description: "active", schema: nil, name: "active", selector: .whole)

  init(description: String, schema: String?, name: String, selector: Selector) {
    self.description = description
    self.schema = schema
    self.name = name
    self.selector = selector
  }
}
