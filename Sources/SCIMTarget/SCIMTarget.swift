package import AccessModel
package import HTTPTransport
internal import SCIMClient
internal import Synchronization

/// A SCIM 2.0 service: its Users are the accounts, its Groups the entitlements, `externalId` is the
/// anchor.
///
/// A status is a claim. What was written is read back, what a search gives is compared with what was
/// asked, and a listing that does not agree with itself is partial.
package final class SCIMTarget: Target, Learning {
  package let id: TargetID
  package let traits: TargetTraits
  let provider: ServiceProvider
  let configuration: Configuration
  let dialect: Dialect
  private let session = Mutex(Session())
  private let knowledge = Mutex(Knowledge())

  /// What one run has seen of the service.
  struct Session: Sendable {
    var capabilities: Capabilities?
    /// Whether those are what an earlier run was told.
    var isRemembered = false
    var stopReason: String?
    /// Whether this run has read every user: who was not there need not be searched, unless it was
    /// tried since to make them.
    var hasAllUsers = false
    /// How many there are, once they were read.
    var userCount: Int?
    /// Whether bulk requests are no use here, or one was lost.
    var refusesBulk = false
    var triedSubjects: Set<SubjectID> = []
    /// Whom it has read: anchors, and userNames in lower case.
    var seenSubjects: Set<SubjectID> = []
    var seenNames: Set<String> = []
    /// Groups that this run has seen to be missing and not tried to make.
    var missingGroups: Set<EntitlementKey> = []
    /// Searches through every user that found nobody; a service that makes us do this again and
    /// again is not searched for ever.
    var fruitlessSearches = 0
    /// Accounts and groups that this run made: they were in no group before.
    var created: Set<String> = []
    /// What was seen to take effect on groups' members, sent in the form that the dialect names.
    var memberForms: Set<MemberForm> = []
    /// By account id, only where groups name their members by userName.
    var memberNames: [AccountKey: AccountKey] = [:]
    /// Attributes whose writing was seen to take effect: an answer without a body is believed.
    var trusted: Set<String> = []
    /// The attribute by which groups can be searched for a member; `nil` is not known yet.
    var memberSearch: MemberSearch?
  }

  /// Whether there was nobody of this anchor or name when everybody was read.
  func isNew(_ user: NewUser) -> Bool {
    inSession { session in
      session.hasAllUsers && !session.triedSubjects.contains(user.subject)
        && !session.seenSubjects.contains(user.subject)
        && !session.seenNames.contains(user.userName.lowercased())
    }
  }

  /// Does not connect. Throws for what can never work.
  package convenience init(_ configuration: Configuration) throws(ConfigurationError) {
    var transport = CurlTransport.Configuration()
    transport.caFile = configuration.caFile
    transport.clientCertificate = configuration.clientCertificate
    transport.proxy = configuration.proxy
    transport.connectTimeout = configuration.connectTimeout
    transport.totalTimeout = configuration.totalTimeout
    transport.idleTimeout = configuration.idleTimeout
    let dialect = configuration.dialect(for: try configuration.checkedURL())
    transport.connectionsPerHost = dialect.concurrency
    try self.init(configuration, transport: CurlTransport(transport))
  }

  package init(
    _ configuration: Configuration, transport: any HTTPTransport,
    clock: any Clock<Duration> = ContinuousClock()
  ) throws(ConfigurationError) {
    let url = try configuration.checkedURL()
    self.configuration = configuration
    dialect = configuration.dialect(for: url)
    id = configuration.id
    traits = TargetTraits(
      naturalKeyAttribute: "userName", createsMissingGroups: configuration.createGroups,
      adoptsExisting: configuration.adopt)
    provider = ServiceProvider(
      baseURL: url, credential: configuration.auth, transport: transport, clock: clock)
    provider.limit(writes: dialect.writes)
    provider.limit(groupWrites: dialect.groupWrites)
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

  package func recall(_ lessons: [Lesson]) { knowledge.withLock { $0.recall(lessons) } }

  package func newLessons() -> [Lesson] { knowledge.withLock { $0.takeNews() } }

  @discardableResult
  func knows<Value: Sendable>(_ look: (inout Knowledge) -> Value) -> Value {
    knowledge.withLock { look(&$0) }
  }

  @discardableResult
  func inSession<Value: Sendable>(_ look: (inout Session) -> Value) -> Value {
    session.withLock { look(&$0) }
  }

  /// Whether groups show their members, as far as the dialect says or was seen.
  var members: Knowledge.Members? {
    switch dialect.showsMembers {
    case true?: .shown
    case false?: .hidden
    case nil: knows { $0.members }
    }
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
