import ConnectorTesting
import Foundation
import HTTPTransport

/// The SCIM service, looked at without Bellhop.
struct Wiki: Sendable {
  let server: SCIMServer
  private let transport = CurlTransport()

  init(_ server: SCIMServer) { self.server = server }

  func users() async throws -> [JSON] { try await resources("Users") }
  func groups() async throws -> [JSON] { try await resources("Groups") }

  /// Every resource with its version and time of change, in one order.
  func snapshot() async throws -> [JSON] { try await users() + groups() }

  func user(_ login: String) async throws -> JSON {
    try await users().first { $0["userName"] == .text(Record(login, "").mail) } ?? .null
  }

  /// The logins in a group, sorted.
  func members(_ group: String) async throws -> [String] {
    let names = Dictionary(
      uniqueKeysWithValues: try await users().map { ($0["id"], $0["userName"].text ?? "?") })
    let members = try await groups().first { $0["displayName"] == .text(group) } ?? .null
    return members["members"].items
      .map { String(names[$0["value"], default: "?"].prefix { $0 != "@" }) }.sorted()
  }

  func add(_ user: String) async throws {
    _ = try await send(.post, "Users", body: user)
  }

  /// Makes a user who is not ours and puts it into groups.
  func addStranger(_ login: String, to groups: [String]) async throws {
    try await add(
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
       "userName": "\(Record(login, "").mail)", "displayName": "\(login) of the staff"}
      """)
    for group in groups { try await add(login, to: group) }
  }

  /// Puts a user into a group.
  func add(_ login: String, to name: String) async throws {
    let id = try await user(login)["id"].text ?? "?"
    for group in try await groups() where group["displayName"] == .text(name) {
      _ = try await send(
        .patch, "Groups/\(group["id"].text ?? "?")",
        body: """
          {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
           "Operations": [{"op": "add", "path": "members", "value": [{"value": "\(id)"}]}]}
          """)
    }
  }

  /// Deletes a user as its own administrator would, and leaves the groups as they are.
  func delete(_ login: String) async throws {
    _ = try await send(.delete, "Users/\(try await user(login)["id"].text ?? "?")")
  }

  private func resources(_ kind: String) async throws -> [JSON] {
    var all: [JSON] = []
    while true {
      let page = try await send(.get, "\(kind)?count=500&startIndex=\(all.count + 1)")
      all += page["Resources"].items
      guard case .number(let total) = page["totalResults"], all.count < Int(total) else { break }
    }
    return all.sorted { $0["id"].text ?? "" < $1["id"].text ?? "" }
  }

  private func send(
    _ method: HTTPRequest.Method, _ path: String, body: String? = nil
  ) async throws -> JSON {
    let answer = try await transport.send(
      HTTPRequest(
        method, try HTTPURL(parsing: "\(server.url)/\(path)"),
        fields: [
          HTTPField("Authorization", "Bearer \(server.token)", isSensitive: true),
          HTTPField("Content-Type", "application/scim+json"),
        ], body: body.map { Array($0.utf8) }))
    guard (200..<300).contains(answer.status) else {
      throw Installation.Failure(description: "\(method) \(path): \(answer.status)")
    }
    guard !answer.body.isEmpty else { return .null }
    return try JSONDecoder().decode(JSON.self, from: Data(answer.body))
  }
}
