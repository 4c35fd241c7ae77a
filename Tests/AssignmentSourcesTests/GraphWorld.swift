import AccessModel
import AssignmentSources
import ConnectorTesting
import GraphClient
import HTTPTransport
import OAuth
import Secrets
import Testing

/// A stand-in and a source that reads it. Nobody sleeps: pauses pass at once and are remembered.
struct GraphWorld: Sendable {
  let graph: GraphStandIn
  let clock = ManualClock(advancesBySleeping: true)

  func source(
    secret: String = "open sesame", cachePath: String? = nil,
    _ change: (inout GraphSource.Settings) -> Void = { _ in }
  ) -> GraphSource {
    var settings = GraphSource.Settings()
    settings.users = .none
    change(&settings)
    let cloud = GraphCloud(login: graph.url, graph: graph.url)
    let transport = CurlTransport()
    let tokens = TokenCache(
      TokenEndpoint(
        ClientCredentials(
          tokenURL: cloud.tokenURL(tenant: "contoso"), clientID: "bellhop",
          proof: .form(Secret(Array(secret.utf8))), scope: cloud.scope),
        transport: transport))
    return GraphSource(
      id: SourceID("entra"),
      service: GraphService(
        cloud: cloud, tokens: tokens, transport: transport, clock: clock, jitter: { 1 }),
      settings: settings, cachePath: cachePath)
  }

  func read(
    _ change: (inout GraphSource.Settings) -> Void = { _ in }
  ) async throws -> AssignmentReading {
    try await source(change).read(Self.context)
  }

  static let context = RunContext(
    run: RunID("run"), now: Instant(microseconds: 1_790_000_000_000_000))

  /// As many assignments, each of a subject of its own.
  static func records(_ count: Int) -> [GraphRecord] {
    (1...count).map { number in
      let digits = String(1000 + number)
      return GraphRecord("a-\(digits)", of: "u-\(digits)")
    }
  }
}

func withGraphWorld(
  _ world: String = "{}", records: [GraphRecord]? = nil,
  _ body: (GraphWorld) async throws -> Void
) async throws {
  try await withGraph { graph in
    if let records { try await graph.set("{\"assignments\":\(GraphRecord.list(records))}") }
    try await graph.set(world)
    try await body(GraphWorld(graph: graph))
  }
}

extension AssignmentReading {
  var ids: [String] { assignments.map(\.id.rawValue) }

  var shortfall: String? {
    if case .partial(let reason) = coverage { reason } else { nil }
  }
}
