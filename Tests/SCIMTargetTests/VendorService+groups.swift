import HTTPTransport
import JSON

extension VendorService {
  func group(
    _ id: String, _ request: HTTPRequest, _ state: inout State
  ) throws(Breach) -> HTTPResponse {
    guard let group = state.groups[id] else { return Self.error(404) }
    switch request.method {
    case .get: return Self.success(200, shown(group, id, state))
    case .put:
      guard rules.showsMembers else { throw Breach(words: "a whole list where none is shown") }
      let members = request.json?["members"]?.elements ?? []
      state.members[id] = members.compactMap { $0["value"]?.text }
      return Self.success(200, shown(group, id, state))
    case .patch:
      guard rules.takesPatch else { return Self.error(501) }
      var changed = 0
      for operation in request.operations {
        changed += try change(&state.members[id, default: []], operation)
      }
      if changed > rules.mostMembers { throw Breach(words: "\(changed) members in one request") }
      return HTTPResponse(status: 204)
    case .post, .delete: return Self.error(405)
    }
  }

  /// Gives how many members it names.
  private func change(_ members: inout [String], _ operation: JSONValue) throws(Breach) -> Int {
    switch (operation["op"]?.text, operation["path"]?.text) {
    case ("add", "members"):
      let values = (operation["value"]?.elements ?? []).compactMap { $0["value"]?.text }
      members += values.filter { !members.contains($0) }
      return values.count
    case ("remove", let path?) where path.hasPrefix("members[value eq \""):
      let value = path.dropFirst("members[value eq \"".count).dropLast(2)
      members.removeAll { $0 == value }
      return 1
    case (let verb, let path):
      throw Breach(words: "\(verb ?? "-") of \(path ?? "-"), which may empty the group")
    }
  }
}
