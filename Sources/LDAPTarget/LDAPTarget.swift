package import AccessModel
package import LDAPClient
import Synchronization

/// An LDAP directory: accounts in one branch, groups in another.
///
/// Every reading and every batch has a connection of its own, closed when it ends.
package final class LDAPTarget: Target {
  package let id: TargetID
  package let traits: TargetTraits
  let layout: Layout
  let connection: LDAPConnection.Configuration
  private let memory: Configuration.Memory?
  private let state = Mutex(State())
  /// What listening tells of the accounts.
  let watch = AccountWatch()

  /// What one call leaves for the next. Nothing in it is needed: it saves reading, and stops writing.
  private struct State {
    /// Why nothing more is written in this run. A reading begins another.
    var alarm: String?
    /// Versions of groups as our own writes left them, the latest: they are no news.
    var written: [String] = []
    var groups: GroupMemory?
    /// Whether `groups` is newer than the file.
    var isUnwritten = false
    var accounts: AccountMemory?
    var proofs: AccountProofs?
    /// As the server names things.
    var layout: Layout?
  }

  /// Connects to nothing. Throws if the configuration is unsafe or cannot work: a bad DN, an empty
  /// password, plain `ldap://` to another machine.
  package init(_ configuration: Configuration) throws(LDAPConfigurationError) {
    layout = try Layout(configuration)
    var urls: [LDAPURL] = []
    for url in configuration.urls { urls.append(try LDAPURL(parsing: url)) }
    connection = try LDAPConnection.Configuration(
      urls: urls, startTLS: configuration.startTLS, caFile: configuration.caFile,
      bind: try Self.bind(configuration.bind), connectTimeout: configuration.connectTimeout,
      operationTimeout: configuration.operationTimeout)
    id = configuration.id
    memory = configuration.memory
    traits = TargetTraits(
      naturalKeyAttribute: layout.rdn, fixedAttributes: [layout.rdn, layout.anchor],
      createsMissingGroups: layout.template != nil, adoptsExisting: configuration.adopt,
      // What else of an account stands in groups could be several accounts'.
      canReadOneAccount: layout.columns.allSatisfy { $0.valueAttribute == nil })
  }

  package func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    EntitlementKey(try layout.groupName(name).normalised)
  }

  package func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    // Let go, so that accounts that are read anew are not there twice.
    var (groups, accounts) = state.withLock { state in
      (state.alarm, state.proofs) = (nil, nil)
      return (state.groups, state.accounts.take())
    }
    let connection = try await connect()
    groups = groups ?? stored
    let reading: StateReader.Reading
    do throws(TargetError) {
      let look = await watch.look(from: connection)
      reading = try await StateReader(configured: layout, scope: scope, memory: memory).read(
        StateReader.Known(groups: groups, accounts: accounts.take(), look: look), on: connection)
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
    let isUnwritten = state.withLock { state in
      (state.groups, state.accounts, state.proofs, state.layout) = (
        reading.groups, reading.accounts, reading.proofs, reading.layout
      )
      state.isUnwritten = state.isUnwritten || reading.groups != groups
      // The file is for the next process, and a ring is not to wait for it.
      defer { if !reading.hasKeptAccounts { state.isUnwritten = false } }
      return state.isUnwritten && !reading.hasKeptAccounts
    }
    if isUnwritten, let path = memory?.path { reading.groups?.write(to: path) }
    return reading.state
  }

  /// As the server names things, and what the last reading proved of accounts.
  var lastReading: (layout: Layout?, proofs: AccountProofs?) {
    state.withLock { ($0.layout, $0.proofs) }
  }

  /// What an earlier process read.
  private var stored: GroupMemory? { memory?.path.flatMap { GroupMemory(contentsOf: $0) } }

  package func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    guard !changes.isEmpty else { return [] }
    let (alarm, proofs, named) = state.withLock { ($0.alarm, $0.proofs, $0.layout) }
    if let alarm {
      return changes.map { _ in
        .failed(.stopTarget, reason: "not sent, since the target was stopped: \(alarm)")
      }
    }
    let connection = try await connect()
    let writer = ChangeWriter(
      layout: named ?? layout, changes: changes, timeout: self.connection.operationTimeout,
      proofs: proofs)
    let result = await writer.apply(on: connection, progress: progress)
    await connection.close()
    state.withLock { state in
      state.written = Array((state.written + result.versions).suffix(100_000))
      (state.alarm, state.proofs) = (result.alarm, result.proofs)
    }
    return result.outcomes
  }

  var ownVersions: Set<String> { state.withLock { Set($0.written) } }

  func connect() async throws(TargetError) -> LDAPConnection {
    let connection = LDAPConnection(self.connection)
    do throws(LDAPError) {
      try await connection.open()
    } catch {
      throw error.targetError(id, "cannot connect" + certificateAdvice(error))
    }
    return connection
  }

  /// libldap says of a certificate it refuses no more than of a server that is down.
  private func certificateAdvice(_ error: LDAPError) -> String {
    let usesTLS = connection.startTLS || connection.urls.contains { $0.scheme == .ldaps }
    guard usesTLS, [.serverDown, .connectError].contains(error.code) else { return "" }
    return
      " (if the server is up: its certificate must name this host and come from an authority in "
      + "tls.caFile, or from one of the system's where none is given)"
  }

  private static func bind(
    _ bind: Configuration.Bind
  ) throws(LDAPConfigurationError) -> LDAPConnection.Bind {
    switch bind {
    case .external: return .external
    case .simple(let dn, let password):
      do throws(DNSyntaxError) {
        return .simple(try DistinguishedName(parsing: dn), password)
      } catch {
        throw LDAPConfigurationError("bind.dn: \(error)")
      }
    }
  }
}
