/// What a User of the core schema has (RFC 7643 §4.1), as far as a mapping may write it.
enum CoreUserSchema {
  private static let plain: Set<String> = [
    "userName", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage",
    "locale", "timezone", "active",
  ]
  private static let nameParts: Set<String> = [
    "formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix",
  ]
  private static let lists: Set<String> = [
    "emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles",
    "x509Certificates",
  ]
  private static let addressParts: Set<String> = [
    "formatted", "streetAddress", "locality", "region", "postalCode", "country",
  ]
  private static let elementParts: Set<String> = ["value", "display"]
  private static let neverWritten = [
    "id": "the service gives it", "externalid": "it holds the anchor",
    "meta": "the service keeps it",
    "schemas": "it follows from the other attributes",
    "groups": "memberships are written on groups",
    "password": "passwords are never written",
  ]

  static func selector(
    _ parts: [String], isFiltered: Bool, text: String
  ) throws(SCIMAttributePath.SyntaxError) -> SCIMAttributePath.Selector {
    func fault(_ words: String) -> SCIMAttributePath.SyntaxError {
      SCIMAttributePath.SyntaxError(description: "'\(text)' cannot be mapped: \(words)")
    }
    let name = parts[0]
    if let reason = neverWritten[name.lowercased()] { throw fault(reason) }
    switch (name, parts.count) {
    case (_, 1) where plain.contains(name): return .whole
    case ("name", 2) where !isFiltered && nameParts.contains(parts[1]): return .part(parts[1])
    case ("name", _):
      throw fault("a name has the parts \(nameParts.sorted().joined(separator: ", "))")
    case ("addresses", 3) where addressParts.contains(parts[2]):
      return .element(type: parts[1], part: parts[2])
    case ("addresses", _):
      throw fault(
        "an address is addresses.TYPE.PART with the parts "
          + addressParts.sorted().joined(separator: ", "))
    case (_, 1) where lists.contains(name): return .list
    case (_, 2) where lists.contains(name): return .element(type: parts[1], part: "value")
    case (_, 3) where lists.contains(name) && elementParts.contains(parts[2]):
      return .element(type: parts[1], part: parts[2])
    default: break
    }
    let known = plain.union(lists).union(["name"])
    if let spelling = known.first(where: { $0.lowercased() == name.lowercased() }) {
      throw fault(
        spelling == name ? "\(name) has no such part" : "it is spelled \(spelling)")
    }
    throw fault(
      "a SCIM user has no such attribute; write the schema's URN before that of an extension")
  }

  /// Whether the values are JSON booleans.
  static func isBoolean(_ path: SCIMAttributePath) -> Bool {
    path.schema == nil && path.name == "active"
  }

  /// Compared without regard to case (RFC 7643 §4.1: caseExact is false).
  static func ignoresCase(_ path: SCIMAttributePath) -> Bool {
    path.schema == nil && ["userName", "emails"].contains(path.name)
  }
}
