internal import HTTPTransport
package import JSON

/// One write among those of a bulk request (RFC 7644 §3.7).
package struct BulkOperation: Sendable {
  let method: HTTPRequest.Method
  let type: ResourceType
  /// The resource's id; `nil` for one that is to be made.
  let id: String?
  let data: JSONValue

  package static func create(_ type: ResourceType, _ body: JSONValue) -> BulkOperation {
    BulkOperation(method: .post, type: type, id: nil, data: body)
  }

  package static func patch(
    _ type: ResourceType, id: String, _ operations: [PatchOperation]
  ) -> BulkOperation {
    BulkOperation(method: .patch, type: type, id: id, data: PatchOperation.body(operations))
  }

  /// Its `bulkId` is its place in the request: answers come in any order and may leave some out.
  func json(at place: Int, _ capabilities: Capabilities) -> JSONValue {
    [
      "method": .string(method.rawValue), "path": .string(path(capabilities)),
      "bulkId": .string("\(place)"), "data": data,
    ]
  }

  /// From the base URL, and with a slash before it: some services refuse it without.
  private func path(_ capabilities: Capabilities) -> String {
    (capabilities.endpoint(of: type) + [id].compactMap(\.self).map(PercentEncoding.encode))
      .map { "/\($0)" }.joined()
  }
}

/// What a service says it did with one operation of a bulk request.
package struct BulkResult: Sendable, Equatable {
  package let status: Int
  /// Of the resource, where the answer tells it.
  package let id: String?

  package var isSuccess: Bool { (200..<300).contains(status) }

  /// `nil` without a status: then nobody knows. It is a string by the standard, a number or an
  /// object with a `code` elsewhere.
  init?(_ json: JSONValue) {
    guard let status = (json["status"]?["code"] ?? json["status"])?.integer else { return nil }
    self.status = status
    id =
      json["response"]?["id"]?.text ?? json["id"]?.text
      ?? json["location"]?.text.flatMap { Resource.id(inLocation: $0) }
  }
}
