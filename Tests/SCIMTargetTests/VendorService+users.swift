import HTTPTransport
import JSON

extension VendorService {
  func createUser(
    _ request: HTTPRequest, _ state: inout State
  ) throws(Breach) -> HTTPResponse {
    try identifySender(request)
    guard var user = request.json, let name = user["userName"]?.text else {
      throw Breach(words: "no userName")
    }
    if state.users.values.contains(where: {
      $0["userName"]?.text?.lowercased() == name.lowercased()
    }) {
      return Self.error(409, "uniqueness")
    }
    let id = "u\(state.next)"
    state.next += 1
    user["id"] = .string(id)
    user["schemas"] = nil
    state.users[id] = user
    return Self.success(201, user)
  }

  func user(
    _ id: String, _ request: HTTPRequest, _ state: inout State
  ) throws(Breach) -> HTTPResponse {
    guard var user = state.users[id] else { return Self.error(404) }
    let isHidden = rules.hidesInactive && user["active"]?.boolean == false
    switch request.method {
    case .get: return isHidden ? Self.error(404) : Self.success(200, user)
    case .delete:
      switch rules.deletion {
      case .forbidden: throw Breach(words: "a deletion that is for ever")
      case .removes: state.users[id] = nil
      case .deactivates: state.users[id]?["active"] = false
      }
      return HTTPResponse(status: 204)
    case .put:
      try identifySender(request)
      guard var body = request.json, body["userName"] != nil else {
        throw Breach(words: "a PUT of half a user")
      }
      body["id"] = .string(id)
      try check(body, against: user)
      state.users[id] = body
      return Self.success(200, body)
    case .patch:
      try identifySender(request)
      guard rules.takesPatch else { return Self.error(501) }
      for operation in request.operations {
        let before = user
        guard operation["op"]?.text == "replace" else {
          user = try remove(operation, from: user)
          continue
        }
        if let path = operation["path"]?.text {
          guard rules.takesPaths else { return Self.error(400, "invalidPath") }
          user[path] = operation["value"] ?? .null
        } else if case .object(let members)? = operation["value"] {
          for (name, value) in members { user[name] = value }
        }
        if user["active"].map({ if case .bool = $0 { false } else { true } }) == true {
          throw Breach(words: "active is no boolean")
        }
        try check(user, against: before)
      }
      state.users[id] = user
      return Self.success(200, user)
    case .post: return Self.error(405)
    }
  }

  private func remove(
    _ operation: JSONValue, from user: JSONValue
  ) throws(Breach) -> JSONValue {
    var user = user
    guard let path = operation["path"]?.text else { throw Breach(words: "a remove of everything") }
    user[path] = nil
    return user
  }

  private func check(_ user: JSONValue, against before: JSONValue) throws(Breach) {
    guard let writable = rules.writable, case .object(let now) = user,
      case .object(let then) = before
    else { return }
    for name in Set(now.keys).union(then.keys)
    where name != "schemas" && now[name] != then[name] && !writable.contains(name) {
      throw Breach(words: "\(name) cannot be changed")
    }
  }

  private func identifySender(_ request: HTTPRequest) throws(Breach) {
    let type = request.fields.first { $0.name == "Content-Type" }?.value
    guard type == "application/scim+json" else {
      throw Breach(words: "content type \(type ?? "-")")
    }
  }
}
