package import AccessModel
package import HTTPTransport
internal import SCIMClient
internal import Synchronization

/// A SCIM 2.0 service: its Users are the accounts, its Groups the entitlements, `externalId` is the
/// anchor.
package final class SCIMTarget: Target {
  package let id: TargetID
  package let traits: TargetTraits
  let provider: ServiceProvider
  let configuration: Configuration
  private let session = Mutex(Session())

  /// What one run learns of the service.
  private struct Session {
    var capabilities: Capabilities?
    var stopReason: String?
  }

  /// Requests in flight at once, each on another resource. Few services like more.
  static let width = 3

  /// Does not connect. Throws for what can never work.
  package convenience init(_ configuration: Configuration) throws(ConfigurationError) {
    var transport = CurlTransport.Configuration()
    transport.caFile = configuration.caFile
    transport.connectTimeout = configuration.connectTimeout
    transport.totalTimeout = configuration.totalTimeout
    transport.idleTimeout = configuration.idleTimeout
    transport.connectionsPerHost = Self.width
    try self.init(configuration, transport: CurlTransport(transport))
  }

  package init(
    _ configuration: Configuration, transport: any HTTPTransport,
    clock: any Clock<Duration> = ContinuousClock()
  ) throws(ConfigurationError) {
    let url = try configuration.checkedURL()
    self.configuration = configuration
    id = configuration.id
    traits = TargetTraits(
      naturalKeyAttribute: "userName", createsMissingGroups: configuration.createGroups,
      adoptsExisting: configuration.adopt)
    provider = ServiceProvider(
      baseURL: url, credential: configuration.auth, transport: transport, clock: clock)
  }

  /// A group is called by its `displayName`, exactly as written.
  package func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.properties.isControl }) else {
      throw configurationError("a group name is empty or holds a control character")
    }
    guard !configuration.isProtected(name) else {
      throw configurationError("group '\(name)' is protected; take it out of the mapping")
    }
    return EntitlementKey(name)
  }

  func configurationError(_ message: String) -> TargetError {
    TargetError(target: id, disposition: .skipChange, message: message)
  }

  /// A reading begins a run: it discovers anew and forgets why an earlier run stopped.
  func beginRun() async throws(SCIMError) -> Capabilities {
    let capabilities = try await provider.discover()
    session.withLock { $0 = Session(capabilities: capabilities, stopReason: nil) }
    return capabilities
  }

  func capabilities() async throws(SCIMError) -> Capabilities {
    if let known = session.withLock({ $0.capabilities }) { return known }
    return try await beginRun()
  }

  /// Nothing more is written in this run.
  func stop(_ reason: String) {
    session.withLock { $0.stopReason = $0.stopReason ?? reason }
  }

  var stopReason: String? { session.withLock { $0.stopReason } }
}

extension Unicode.Scalar.Properties {
  fileprivate var isControl: Bool { generalCategory == .control }
}
