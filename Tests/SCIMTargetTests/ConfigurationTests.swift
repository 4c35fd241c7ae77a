import AccessModel
import ConnectorTesting
import HTTPTransport
import SCIMClient
import SCIMTarget
import Secrets
import Testing

@Suite struct ConfigurationTests {
  private func target(
    url: String = "https://wiki.example.org/scim/v2", token: String = "token",
    _ adjust: (inout SCIMTarget.Configuration) -> Void = { _ in }
  ) throws -> SCIMTarget {
    var configuration = SCIMTarget.Configuration(
      id: "wiki", url: url, auth: .bearer(Secret(Array(token.utf8))))
    adjust(&configuration)
    return try SCIMTarget(configuration)
  }

  @Test(arguments: [
    "", "wiki.example.org", "http://wiki.example.org/v2", "https://u:p@wiki.example.org/",
    "https://wiki.example.org/v2?x=1", "ldaps://wiki.example.org",
  ])
  func `a URL that can never work is refused`(url: String) {
    #expect(throws: SCIMTarget.ConfigurationError.self) { try target(url: url) }
  }

  @Test(arguments: ["", "a b", "a\r\nb", "é"])
  func `a token that cannot be sent is refused, and not shown`(token: String) {
    let error = #expect(throws: SCIMTarget.ConfigurationError.self) { try target(token: token) }
    #expect(error?.description.hasPrefix("wiki: the bearer token ") == true)
  }

  @Test func `an empty password and files that are not there are refused`() {
    #expect(throws: SCIMTarget.ConfigurationError.self) {
      try target { $0.auth = .basic(user: "a", password: Secret([])) }
    }
    #expect(throws: SCIMTarget.ConfigurationError.self) {
      try target { $0.caFile = "/nonexistent/ca.pem" }
    }
    #expect(throws: SCIMTarget.ConfigurationError.self) { try target { $0.auth = .certificate } }
    #expect(throws: SCIMTarget.ConfigurationError.self) {
      try target {
        $0.clientCertificate = .init(
          certificateFile: "/nonexistent.pem", keyFile: "/nonexistent.key")
      }
    }
  }

  @Test func `plain http to this machine is allowed`() throws {
    _ = try target(url: "http://127.0.0.1:1/v2")
  }

  @Test func `a group is named as written, unless it is empty, odd or protected`() throws {
    let target = try target { $0.protected = ["Administrators"] }
    #expect(try target.entitlementKey(for: " Partner É ").rawValue == " Partner É ")
    for name in ["", "a\nb", "administrators"] {
      #expect(throws: TargetError.self) { try target.entitlementKey(for: name) }
    }
  }

  @Test func `the traits say what a plan must know`() throws {
    let traits = try target { $0.createGroups = true }.traits
    #expect(traits == TargetTraits(naturalKeyAttribute: "userName", createsMissingGroups: true))
  }
}
