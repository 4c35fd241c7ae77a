package import AccessModel
package import LDAPClient

/// An LDAP directory: accounts in one branch, groups in another.
///
/// Every reading and every batch has a connection of its own, closed when it ends.
package struct LDAPTarget: Target {
  package let id: TargetID
  package let traits: TargetTraits
  private let layout: Layout
  private let connection: LDAPConnection.Configuration

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
    traits = TargetTraits(
      naturalKeyAttribute: layout.rdn, fixedAttributes: [layout.rdn, layout.anchor],
      adoptsExisting: configuration.adopt)
  }

  package func entitlementKey(for name: String) throws(TargetError) -> EntitlementKey {
    EntitlementKey(try layout.groupName(name).normalised)
  }

  package func readActualState(_ scope: ManagedScope) async throws(TargetError) -> ActualState {
    let connection = try await connect()
    do throws(TargetError) {
      let state = try await StateReader(layout: layout, scope: scope).read(on: connection)
      await connection.close()
      return state
    } catch {
      await connection.close()
      throw error
    }
  }

  package func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    guard !changes.isEmpty else { return [] }
    let connection = try await connect()
    let outcomes = await ChangeWriter(layout: layout, changes: changes)
      .apply(on: connection, progress: progress)
    await connection.close()
    return outcomes
  }

  private func connect() async throws(TargetError) -> LDAPConnection {
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
