package import JSON

/// One operation of a PATCH (RFC 7644 §3.5.2). A remove always names what it removes: without a
/// filter it would empty a whole list.
package struct PatchOperation: Sendable, Equatable {
  private let verb: String
  private let path: String?
  private let value: JSONValue?

  package static func add(_ path: String, _ value: JSONValue) -> PatchOperation {
    PatchOperation(verb: "add", path: path, value: value)
  }

  package static func replace(_ path: String, _ value: JSONValue) -> PatchOperation {
    PatchOperation(verb: "replace", path: path, value: value)
  }

  /// Several attributes at once, for services that know no paths.
  package static func replace(attributes: JSONValue) -> PatchOperation {
    PatchOperation(verb: "replace", path: nil, value: attributes)
  }

  package static func remove(_ path: String) -> PatchOperation {
    PatchOperation(verb: "remove", path: path, value: nil)
  }

  /// Takes one element out of a list of references.
  package static func remove(from list: String, value: String) -> PatchOperation {
    remove("\(list)[\(Filter.equals("value", value))]")
  }

  /// Takes elements out of a list of references by naming them in the value. By the standard this
  /// empties the whole list: only for services that were seen to take it otherwise.
  package static func removeValues(from list: String, _ values: [String]) -> PatchOperation {
    PatchOperation(
      verb: "remove", path: list, value: .array(values.map { ["value": .string($0)] }))
  }

  static func body(_ operations: [PatchOperation]) -> JSONValue {
    [
      "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      "Operations": .array(operations.map(\.json)),
    ]
  }

  private var json: JSONValue {
    var members: [String: JSONValue] = ["op": .string(verb)]
    members["path"] = path.map { .string($0) }
    members["value"] = value
    return .object(members)
  }

  /// The texts it writes, which must not come back in an error message.
  var texts: [String] { value?.texts ?? [] }
}
