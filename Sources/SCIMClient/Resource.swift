internal import HTTPTransport
package import JSON

/// A User or Group as the service gave it.
package struct Resource: Sendable, Equatable {
  /// Given by the service, never again to another resource (RFC 7643 §3.1).
  package let id: String
  package let body: JSONValue

  /// `nil` without a usable id. Some services write it as a number.
  package init?(_ body: JSONValue) {
    guard let id = body["id"]?.text, !id.isEmpty, id != ".", id != ".." else { return nil }
    self.id = id
    self.body = body
  }

  /// The id that a resource's URL ends with, absolute or relative; `nil` if there is none.
  package static func id(inLocation text: String) -> String? {
    text.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").last
      .flatMap { PercentEncoding.decode(String($0)) }
  }

  package func text(_ attribute: String) -> String? { body[attribute]?.text }

  /// The service's version of it, if it keeps versions.
  package var version: String? { body["meta"]?["version"]?.text }
}

/// The two kinds of resource that matter here (RFC 7643 §4).
package enum ResourceType: String, Sendable {
  case user = "User"
  case group = "Group"

  package var schema: String { "urn:ietf:params:scim:schemas:core:2.0:\(rawValue)" }

  /// The endpoint unless the service says otherwise.
  var usualEndpoint: String { "\(rawValue)s" }
}

extension JSONValue {
  /// Every text in it but the schema names.
  var texts: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(\.texts)
    case .object(let members):
      members.filter { $0.key != "schemas" }.sorted { $0.key < $1.key }.flatMap(\.value.texts)
    case .null, .bool, .number: []
    }
  }
}
