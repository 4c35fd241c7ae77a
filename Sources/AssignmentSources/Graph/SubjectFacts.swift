import AccessModel
import JSON

/// What Entra knows of one subject besides their assignments.
struct SubjectFacts: Equatable, Sendable {
  enum Standing: String, Sendable {
    case present, blocked, deleted

    /// Why the subject's assignments are over.
    var evidence: String? {
      switch self {
      case .present: nil
      case .blocked: "subject blocked in Entra (accountEnabled false)"
      case .deleted: "subject deleted in Entra"
      }
    }
  }

  let standing: Standing
  /// Those that were asked for.
  let attributes: Attributes

  init(standing: Standing, attributes: Attributes = .none) {
    self.standing = standing
    self.attributes = attributes
  }

  /// Of a user as Graph shows it, `names` being those of `shape`.
  init(_ user: JSONValue, shape: Attributes.Shape) {
    self.init(
      standing: user["accountEnabled"]?.boolean == false ? .blocked : .present,
      attributes: Attributes(
        shape: shape, values: shape.names.map { Self.values(of: $0, in: user) }))
  }

  /// Members of nested objects are named with dots; every scalar of a list is a value.
  private static func values(of name: String, in user: JSONValue) -> [String] {
    var value: JSONValue? = user
    for part in name.split(separator: ".") { value = value?[String(part)] }
    if let elements = value?.elements { return elements.compactMap(\.text) }
    return [value?.text].compactMap(\.self)
  }
}
