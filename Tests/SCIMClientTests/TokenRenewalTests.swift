import ConnectorTesting
import HTTPTransport
import JSON
import OAuth
import SCIMClient
import Secrets
import Synchronization
import Testing

/// A service behind OAuth whose tokens end when a test says so.
@Suite struct TokenRenewalTests {
  /// Takes only the newest token, and gives another each time.
  private final class Issuer: Sendable {
    private let count = Mutex(0)
    let isBroken = Mutex(false)
    let writes = Mutex(0)

    var issued: Int { count.withLock { $0 } }

    func transport(accepting: @escaping @Sendable (Int) -> Bool) -> StubTransport {
      StubTransport { request in
        if request.url.host == "login.example.org" {
          if self.isBroken.withLock({ $0 }) { return answer(401, #"{"error":"invalid_client"}"#) }
          let number = self.count.withLock { count in
            count += 1
            return count
          }
          return answer(200, #"{"access_token":"t\#(number)","token_type":"Bearer"}"#)
        }
        let number = request.field("Authorization")?.dropFirst("Bearer t".count)
        guard let number = number.flatMap({ Int($0) }), accepting(number) else {
          return answer(401)
        }
        if request.method == .post { self.writes.withLock { $0 += 1 } }
        return answer(201, #"{"id":"7"}"#)
      }
    }
  }

  private func client(
    _ transport: StubTransport, inForm: Bool = false
  ) throws -> ServiceProvider {
    let secret = Secret(Array("s3cret".utf8))
    return try provider(
      transport,
      credential: .oauth(
        ClientCredentials(
          tokenURL: try HTTPURL(parsing: "https://login.example.org/token"), clientID: "bellhop",
          proof: inForm ? .form(secret) : .basic(secret))))
  }

  @Test(arguments: [false, true])
  func `a token that ends in the middle of a run is replaced once, and the request sent once more`(
    inForm: Bool
  ) async throws {
    let issuer = Issuer()
    let oldest = Mutex(1)
    let transport = issuer.transport { number in number >= oldest.withLock { $0 } }
    let scim = try client(transport, inForm: inForm)
    _ = try await scim.create(.user, ["userName": "ada"], .init())
    oldest.withLock { $0 = 2 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 {
        group.addTask { _ = try await scim.create(.user, ["userName": "ada"], .init()) }
      }
      try await group.waitForAll()
    }
    #expect(issuer.issued == 2)
    #expect(issuer.writes.withLock { $0 } == 11)
    let grants = transport.requests.filter { $0.url.host == "login.example.org" }
    #expect(grants.allSatisfy { ($0.field("Authorization") == nil) == inForm })
    // The secret goes to the token endpoint alone, the token to the service alone.
    let others = transport.requests.filter { $0.url.host != "login.example.org" }
    #expect(others.allSatisfy { $0.url.host == "wiki.example.org" })
  }

  @Test func `a service that refuses a fresh token is closed`() async throws {
    let transport = Issuer().transport { _ in false }
    let scim = try client(transport)
    do throws(SCIMError) {
      _ = try await scim.create(.user, ["userName": "ada"], .init())
      Issue.record("it was taken")
    } catch {
      guard case .closed = error.cause else {
        Issue.record("\(error)")
        return
      }
    }
    // Once with each of two tokens.
    #expect(transport.requests.filter { $0.url.host == "wiki.example.org" }.count == 2)
  }

  @Test func `a client that the token endpoint refuses is refused for good`() async throws {
    let issuer = Issuer()
    issuer.isBroken.withLock { $0 = true }
    let transport = issuer.transport { _ in true }
    let scim = try client(transport)
    do throws(SCIMError) {
      _ = try await scim.create(.user, ["userName": "ada"], .init())
      Issue.record("it was taken")
    } catch {
      guard case .token(let failure) = error.cause else {
        Issue.record("\(error)")
        return
      }
      #expect(failure.isPermanent)
      #expect(!"\(error)".contains("s3cret"))
    }
    #expect(transport.requests.allSatisfy { $0.url.host == "login.example.org" })
  }
}
