internal import AccessModel
internal import JSON
internal import SCIMClient

/// A user that is to be made.
struct NewUser: Sendable {
  let subject: SubjectID
  let userName: String
  let writes: [AttributeWrite]

  private var body: JSONValue {
    var user: JSONValue = [
      "schemas": [.string(ResourceType.user.schema)],
      "active": true,
    ]
    for write in writes { write.path.write(write.after, into: &user) }
    return user
  }

  /// With the anchor, unless the schema says that the service keeps it itself; and with the
  /// formatted name that some services ask for and few mappings give, put together from
  /// the parts (RFC 7643 §4.1.1).
  func body(for schema: UserSchema?) -> JSONValue {
    var user = body
    if schema?.writability(extension: nil, name: "externalId", part: nil) != .readOnly {
      user["externalId"] = .string(subject.rawValue)
    }
    let name = user["name"]
    guard let schema, schema.requires("name", "formatted"), name?["formatted"] == nil else {
      return user
    }
    let parts = ["givenName", "familyName"].compactMap { name?[$0]?.text }
    guard !parts.isEmpty else { return user }
    user["name"]?["formatted"] = .string(parts.joined(separator: " "))
    return user
  }
}
