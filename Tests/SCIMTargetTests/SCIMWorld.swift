import AccessModel
import ConnectorTesting
import HTTPTransport
import JSON
import OAuth
import SCIMClient
import SCIMTarget
import Secrets
import Synchronization

/// Passes requests on to a real service, counts them, and can spoil what comes back.
final class BendingTransport: HTTPTransport {
  /// Gets the request and the service's true answer; what it returns or throws is what the client
  /// sees.
  typealias Bend =
    @Sendable (HTTPRequest, HTTPResponse) throws(TransportError) -> HTTPResponse

  private let transport: CurlTransport
  private let bend = Mutex<Bend?>(nil)
  private let received = Mutex<[HTTPRequest]>([])

  init(_ configuration: CurlTransport.Configuration = .init()) {
    transport = CurlTransport(configuration)
  }

  /// All of them, in the order they came.
  var requests: [HTTPRequest] { received.withLock { $0 } }
  var writes: [HTTPRequest] { received.withLock { $0 }.filter { $0.method != .get } }

  func forget() { received.withLock { $0 = [] } }

  func bend(_ bend: @escaping Bend) { self.bend.withLock { $0 = bend } }

  func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
    received.withLock { $0.append(request) }
    let response = try await transport.send(request)
    guard let bend = bend.withLock({ $0 }) else { return response }
    return try bend(request, response)
  }
}

/// A clock whose sleeps end at once.
final class HastyClock: Clock {
  struct Instant: InstantProtocol {
    let offset: Duration
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let time = Mutex(Duration.zero)

  var now: Instant { Instant(offset: time.withLock { $0 }) }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    time.withLock { $0 = max($0, deadline.offset) }
  }
}

/// A clock of which several seconds pass in one.
struct BriskClock: Clock {
  typealias Instant = HastyClock.Instant

  private let start = ContinuousClock.now
  private let speed: Int

  init(_ speed: Int) { self.speed = speed }

  var now: Instant { Instant(offset: (ContinuousClock.now - start) * speed) }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try await ContinuousClock().sleep(until: start + deadline.offset / speed)
  }
}

/// A service, the target over it, and a hand in the service behind the target's back.
struct SCIMWorld: Sendable {
  let server: SCIMServer
  /// Where the target finds it: at the front, if there is one.
  let url: HTTPURL
  let token: Secret
  let target: SCIMTarget
  let transport: BendingTransport
  /// Speaks to the service directly.
  let hand: ServiceProvider
  let capabilities: Capabilities

  init(
    _ server: SCIMServer, behind front: HTTPFront? = nil,
    _ adjust: (inout SCIMTarget.Configuration) -> Void = { _ in }
  ) async throws {
    self.server = server
    url = try front?.url(server.url.path) ?? server.url
    transport = BendingTransport(front?.transport ?? .init())
    token = Secret(Array(server.token.utf8))
    let credential = try server.credential()
    var configuration = SCIMTarget.Configuration(
      id: "wiki", url: "\(url)", auth: credential)
    configuration.createGroups = true
    adjust(&configuration)
    target = try SCIMTarget(configuration, transport: transport, clock: HastyClock())
    hand = ServiceProvider(
      baseURL: server.url, credential: credential, transport: CurlTransport())
    capabilities = try await hand.discover()
  }

  /// Another target over the same service.
  func target(
    over transport: any HTTPTransport, clock: any Clock<Duration> = HastyClock(),
    _ adjust: (inout SCIMTarget.Configuration) -> Void = { _ in }
  ) throws -> SCIMTarget {
    var configuration = SCIMTarget.Configuration(
      id: "wiki", url: "\(url)", auth: try server.credential())
    adjust(&configuration)
    return try SCIMTarget(configuration, transport: transport, clock: clock)
  }

  /// Claims that each operation of a bulk request is done, and does nothing; passes on all else.
  var bulkLiar: StubTransport {
    StubTransport { [transport] request throws(TransportError) in
      guard request.url.path.hasSuffix("/Bulk") else { return try await transport.send(request) }
      let results = request.operations.map { operation -> JSONValue in
        ["bulkId": operation["bulkId"] ?? .null, "status": "200"]
      }
      return HTTPResponse(
        status: 200, body: JSONValue.object(["Operations": .array(results)]).encoded)
    }
  }

  let reason = Reason(assignments: [.init(source: "partners", id: "asn-1")])
  let ended = Ending.expired(
    .init(source: "partners", id: "asn-1"), end: .init(microseconds: 1_768_176_000_000_000))

  func creation(_ subject: SubjectID, _ attributes: [String: [String]] = [:]) -> Change {
    let attributes = ["userName": [subject.rawValue]].merging(attributes) { $1 }
    return .createAccount(
      AccountReference(subject: subject, displayName: nil, identity: nil),
      attributes.sorted { $0.key < $1.key }
        .map { AttributeChange(name: $0.key, before: [], after: $0.value) }, because: reason)
  }

  func apply(_ changes: [Change]) async throws -> [Outcome] {
    try await target.apply(changes) { _ in }
  }

  func account(_ subject: SubjectID) async throws -> AccountReference {
    let outcome = try await apply([creation(subject)])[0]
    return AccountReference(subject: subject, displayName: nil, identity: outcome.identity)
  }

  /// Made by the hand.
  func group(_ name: String, members: [String] = []) async throws -> String? {
    try await hand.create(
      .group,
      [
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": .string(name),
        "members": .array(members.map { ["value": .string($0)] }),
      ], capabilities
    ).id
  }

  /// Made by the hand.
  func user(_ members: [String: JSONValue]) async throws -> String? {
    var body: JSONValue = .object(members)
    body["schemas"] = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    return try await hand.create(.user, body, capabilities).id
  }

  func addition(_ account: AccountReference, _ group: EntitlementKey, _ id: String?) -> Change {
    .addMember(Membership(group: group, groupID: id, account: account), because: reason)
  }

  func removal(_ account: AccountReference, _ group: EntitlementKey, _ id: String?) -> Change {
    .removeMember(Membership(group: group, groupID: id, account: account), because: ended)
  }

  func members(_ groupID: String?) async throws -> [String] {
    let group = try await hand.get(.group, id: groupID ?? "", capabilities)
    return (group?.body["members"]?.elements ?? []).compactMap { $0["value"]?.text }.sorted()
  }

  func read(_ groups: [EntitlementKey], _ attributes: [String] = []) async throws -> ActualState {
    try await target.readActualState(
      ManagedScope(groups: groups, attributes: attributes, disable: .deactivate))
  }
}

/// The same behind nginx; what `rules` say is told to it.
func withFrontedWorld<Result>(
  _ rules: HTTPFront.Rules = .init(), _ features: SCIMServerFeatures = .all,
  _ body: (SCIMWorld, HTTPFront) async throws -> Result
) async throws -> Result {
  try await withSCIMServer(features) { server in
    try await withHTTPFront(before: server.url.port, rules) { front in
      try await body(try await SCIMWorld(server, behind: front), front)
    }
  }
}

func withSCIMWorld<Result>(
  _ features: SCIMServerFeatures = .all,
  adjust: (inout SCIMTarget.Configuration) -> Void = { _ in },
  _ body: (SCIMWorld) async throws -> Result
) async throws -> Result {
  try await withSCIMServer(features) { server in
    try await body(try await SCIMWorld(server, adjust))
  }
}

/// What a progress closure was told.
final class Heard: Sendable {
  private let progress = Mutex<[Progress]>([])

  func append(_ step: Progress) { progress.withLock { $0.append(step) } }
  var all: [Progress] { progress.withLock { $0 } }
}

extension SCIMServer {
  func credential() throws -> Credential {
    let secret = Secret(Array(token.utf8))
    guard features == .canaille else { return .bearer(secret) }
    return .oauth(
      ClientCredentials(
        tokenURL: try HTTPURL(parsing: "http://127.0.0.1:\(url.port)/oauth/token"),
        clientID: "bellhop", proof: .basic(secret)))
  }
}

extension Dialect {
  static func chunks(of members: Int) -> Dialect {
    var dialect = Dialect("auto")
    dialect.memberChunk = members
    return dialect
  }
}
