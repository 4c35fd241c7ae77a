import AccessModel
import JSON

/// A request for an assignment, as far as it tells of news.
struct AssignmentRequest: Equatable {
  let id: String
  /// Everything that changes while a request makes its way.
  let fingerprint: String
  let assignment: AssignmentID?
  /// The waits that an answer of ours ends, by their ids, and what was done before.
  let waits: [String]
  let stage: WaitingRequest.Stage
  let isDelivering: Bool

  /// `nil` for what has no id.
  init?(_ value: JSONValue) {
    guard let id = value["id"]?.text, !id.isEmpty else { return nil }
    let state = value["state"]?.text?.lowercased() ?? ""
    let type = value["requestType"]?.text?.lowercased() ?? ""
    var instances: [JSONValue] = []
    // Null, or left out, where nothing was called out.
    if let elements = value["customExtensionCalloutInstances"]?.elements { instances = elements }
    self.id = id
    assignment = value["assignment"]?["id"]?.text.map { AssignmentID($0) }
    stage = type.hasSuffix("remove") ? .removed : .granted
    isDelivering = state == "delivering"
    // Before the access is granted or removed, a request that waits is still to be decided on.
    let isDecided = ["delivering", "delivered", "partiallydelivered"].contains(state)
    waits = instances.compactMap { instance in
      guard isDecided, instance["status"]?.text?.lowercased() == "waitingforcallback" else {
        return nil
      }
      return instance["id"]?.text
    }
    let parts =
      [state, value["status"]?.text, value["completedDateTime"]?.text, assignment?.rawValue]
      + instances.flatMap { [$0["id"]?.text, $0["status"]?.text?.lowercased()] }
    fingerprint = parts.map { $0 ?? "" }.joined(separator: "\0")
  }

  func waiting(at source: SourceID) -> [WaitingRequest] {
    guard let assignment else { return [] }
    return waits.map { instance in
      WaitingRequest(
        source: source, id: id, instance: instance, stage: stage, assignment: assignment)
    }
  }
}
