import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget
import Secrets
import Testing

/// Tokens and connections that end in the middle of a run.
@Suite(.serialized) struct ConnectionFaultTests {
  @Test func `a token that is revoked in the middle of a run is replaced once`() async throws {
    try await withSCIMWorld(.canaille) { world in
      _ = try await world.read([])
      let token = try #require(
        world.transport.requests.last?.fields.first { $0.name == "Authorization" }?.value)
      let secret = HTTPField(
        "Authorization", "Basic \(base64("bellhop:\(world.server.token)"))", isSensitive: true)
      let revoked = try await BendingTransport().send(
        HTTPRequest(
          .post,
          try HTTPURL(parsing: "http://127.0.0.1:\(world.server.url.port)/oauth/revoke"),
          fields: [secret, HTTPField("Content-Type", "application/x-www-form-urlencoded")],
          body: Array("token=\(token.dropFirst("Bearer ".count))".utf8)))
      #expect(revoked.status == 200)
      world.transport.forget()
      #expect(try await world.read([]).coverage.isComplete)
      let grants = world.transport.requests.filter { $0.url.path == "/oauth/token" }
      #expect(grants.count == 1)
      let tokens = Set(
        world.transport.requests.filter { $0.url.path != "/oauth/token" }
          .compactMap { $0.fields.first { $0.name == "Authorization" }?.value })
      #expect(tokens.count == 2)
    }
  }

  @Test func `a service that ends its connections loses no write and makes nobody twice`()
    async throws
  {
    try await withSecureSCIMServer(["--requests", "10"]) { server in
      var configuration = SCIMTarget.Configuration(
        id: "wiki", url: "\(try server.url("/v2"))",
        auth: .bearer(.init(Array(server.token.utf8))))
      configuration.caFile = server.authority
      configuration.createGroups = true
      var dialect = Dialect("auto")
      dialect.bulk = false
      configuration.dialect = dialect
      let target = try SCIMTarget(configuration)
      let scope = ManagedScope(groups: ["Editors"], attributes: [], disable: .deactivate)
      let reason = Reason(assignments: [.init(source: "partners", id: "asn-1")])
      func creation(_ subject: SubjectID) -> Change {
        .createAccount(
          AccountReference(subject: subject, displayName: nil, identity: nil),
          [AttributeChange(name: "userName", before: [], after: [subject.rawValue])],
          because: reason)
      }
      _ = try await target.readActualState(scope)
      let subjects = (0..<60).map { SubjectID("s\($0)") }
      let outcomes = try await target.apply(subjects.map(creation), progress: { _ in })
      var state = try await target.readActualState(scope)
      let lost = subjects.filter { subject in !state.accounts.contains { $0.anchor == subject } }
      _ = try await target.apply(lost.map(creation), progress: { _ in })
      state = try await target.readActualState(scope)
      #expect(state.coverage.isComplete)
      #expect(state.accounts.compactMap(\.anchor).sorted() == subjects.sorted())
      // What was called done was done.
      #expect(zip(subjects, outcomes).allSatisfy { !lost.contains($0) || !$1.isDone })
    }
  }
}

private func base64(_ text: String) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  var result = ""
  let bytes = Array(text.utf8)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let part = bytes[start..<min(start + 3, bytes.count)]
    let number = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
    for place in 0..<4 {
      result.append(place > part.count ? "=" : digits[number >> (18 - 6 * place) & 63])
    }
  }
  return result
}
