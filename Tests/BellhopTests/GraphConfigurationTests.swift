import AccessModel
import AssignmentSources
import GraphClient
import Signing
import Testing

@testable import bellhop

@Suite struct GraphConfigurationTests {
  @Test(
    arguments: [
      ("clientSecret: { env: SECRET }", .clientSecret(.env("SECRET"))),
      (
        "certificate: { certificateFile: c.pem, keyFile: /k.pem }",
        .certificate(path: "/etc/bellhop/c.pem", key: "/k.pem", .ps256)
      ),
      (
        "certificate: { certificateFile: c.pem, keyFile: /k.pem, algorithm: RS256 }",
        .certificate(path: "/etc/bellhop/c.pem", key: "/k.pem", .rs256)
      ),
      ("workloadIdentity: true", .workloadIdentity(tokenFile: nil)),
      ("workloadIdentity: { tokenFile: /run/token }", .workloadIdentity(tokenFile: "/run/token")),
      ("managedIdentity: {}", .managedIdentity(.only)),
      ("managedIdentity: { clientID: x }", .managedIdentity(.clientID("x"))),
    ] as [(String, GraphSourceConfiguration.Credential)])
  func `every credential becomes a value`(
    text: String, expected: GraphSourceConfiguration.Credential
  ) throws {
    #expect(try graph("credential: { \(text) }").credential == expected)
  }

  @Test func `a cloud has a name or two URLs, and is the global one unless said otherwise`() throws
  {
    let credential = "credential: { workloadIdentity: true }"
    #expect("\(try graph(credential).cloud.graph)" == "https://graph.microsoft.com")
    let dod = try graph("\(credential), cloud: usgovdod").cloud
    #expect(dod.scope == "https://dod-graph.microsoft.us/.default")
    #expect(
      "\(dod.tokenURL(tenant: "t"))" == "https://login.microsoftonline.us/t/oauth2/v2.0/token")
    let own = try graph(
      "\(credential), loginURL: 'http://127.0.0.1:8/', graphURL: 'https://graph.example.org'"
    ).cloud
    #expect("\(own.login) \(own.graph)" == "http://127.0.0.1:8 https://graph.example.org")
  }

  @Test func `settings have safe defaults and can be set`() throws {
    let credential = "credential: { workloadIdentity: true }"
    let usual = try graph(credential).settings
    #expect(usual.scope == .tenant && usual.states.isEmpty)
    #expect(usual.absentAfter == .seconds(600))
    let own = try graph("\(credential), packages: [a], states: Delivered, patience: PT1M").settings
    #expect(own.scope == .packages(["a"]) && own.states == [.delivered])
    #expect(own.patience == .seconds(60))
  }

  private func graph(_ text: String) throws -> GraphSourceConfiguration {
    let (configuration, diagnostics) = ConfigurationReader.read(
      """
      version: 1
      state: state
      mappings: mappings
      sources: { entra: { kind: graph, tenant: t, clientID: c, \(text) } }
      targets: { wiki: { kind: scim, url: "https://w.example", auth: { bearer: { env: T } } } }
      """, path: "bellhop.yaml", folder: "/etc/bellhop")
    let source = try #require(configuration?.sources.first, "\(diagnostics)")
    guard case .graph(let graph) = source.kind else { throw NotGraph() }
    return graph
  }

  private struct NotGraph: Error {}
}
