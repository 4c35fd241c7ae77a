import AccessModel
import AssignmentSources
import LDAPClient
import LDAPTarget
import Mapping
import OAuth
import SCIMClient
import SCIMTarget
import Secrets

/// The one place that knows which kinds of source and target exist.
struct Composition {
  let secrets: (SecretReference) throws -> Secret
  /// Where platforms say how to get a token.
  let environment: [String: String]
  /// Folder for what may be deleted at any time.
  let state: String
  /// How often targets are looked at that say nothing else.
  let interval: Duration

  /// `mapping` says what of a source is used at all.
  func source(
    _ configuration: SourceConfiguration, for mapping: MappingSet
  ) throws -> any AssignmentSource {
    switch configuration.kind {
    case .file(let path):
      return FileSource(
        id: configuration.id, path: path, absentAfter: configuration.absentAfter ?? .zero)
    case .graph(let graph):
      var settings = graph.settings
      if let absentAfter = configuration.absentAfter { settings.absentAfter = absentAfter }
      settings.readsCatalogs = mapping.packages.contains { $0.match.catalog != nil }
      settings.attributes = mapping.subjectAttributes
      return GraphSource(
        id: configuration.id,
        service: try GraphConnection(secrets: secrets, environment: environment).service(graph),
        settings: settings, cachePath: "\(state)/users-\(configuration.id).jsonl")
    }
  }

  func target(_ configuration: TargetConfiguration) throws -> any Target {
    do {
      switch configuration.kind {
      case .ldap(let ldap): return try LDAPTarget(settings(ldap, of: configuration))
      case .scim(let scim): return try SCIMTarget(settings(scim, of: configuration))
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(
        status: .configuration,
        message: "\(configuration.location): target \(configuration.id): \(error)")
    }
  }

  /// A target as the mappings see it.
  static func knownTarget(
    _ configuration: TargetConfiguration, _ target: any Target
  ) -> KnownTarget {
    let forms: Set<KnownTarget.DisableForm>
    let attributeFault: @Sendable (String) -> String?
    switch configuration.kind {
    case .ldap(let ldap):
      forms = [.set, .moveTo]
      let anchor = AttributeType.normalise(ldap.accounts.anchor)
      attributeFault = { name in
        guard AttributeType.isValid(name) else { return "'\(name)' is no LDAP attribute name" }
        return AttributeType.normalise(name) == anchor
          ? "'\(name)' is the anchor: it holds the subject's id, and nothing else is written to it"
          : nil
      }
    case .scim:
      forms = [.deactivate]
      attributeFault = { name in fault { try SCIMAttributePath(parsing: name) } }
    }
    return KnownTarget(
      id: target.id, naturalKeyAttribute: target.traits.naturalKeyAttribute, disableForms: forms,
      attributeFault: attributeFault,
      branchFault: { name in fault { try DistinguishedName(parsing: name) } }
    ) { name in
      do throws(TargetError) {
        return try target.entitlementKey(for: name)
      } catch {
        throw BadGroupName(description: error.message)
      }
    }
  }

  /// What parsing throws, in words.
  private static func fault(_ parse: () throws -> some Any) -> String? {
    do {
      _ = try parse()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func settings(
    _ ldap: LDAPTargetConfiguration, of target: TargetConfiguration
  ) throws -> LDAPTarget.Configuration {
    let bind: LDAPTarget.Configuration.Bind =
      switch ldap.bind {
      case .external: .external
      case .simple(let dn, let password): .simple(dn: dn, password: try secrets(password))
      }
    var settings = LDAPTarget.Configuration(
      id: target.id, urls: ldap.urls, bind: bind,
      accounts: LDAPTarget.Configuration.Accounts(
        base: ldap.accounts.base, objectClasses: ldap.accounts.objectClasses,
        rdn: ldap.accounts.rdn, anchor: ldap.accounts.anchor),
      groups: ldap.groups.map(Self.groups))
    settings.caFile = ldap.caFile
    settings.startTLS = ldap.startTLS
    if let limit = target.connectTimeout { settings.connectTimeout = limit }
    if let limit = target.answerTimeout { settings.operationTimeout = limit }
    settings.adopt = target.adopt
    settings.protected = target.protected
    settings.immutableID = ldap.immutableID
    if ldap.fullReading > .zero {
      settings.memory = LDAPTarget.Configuration.Memory(
        fullReading: ldap.fullReading, accounts: target.interval ?? interval,
        path: "\(state)/\(target.id).groups", now: { .wallClock })
    }
    return settings
  }

  private static func groups(
    _ groups: LDAPTargetConfiguration.Groups
  ) -> LDAPTarget.Configuration.Groups {
    var settings = LDAPTarget.Configuration.Groups(
      base: groups.base, objectClass: groups.objectClass,
      memberAttribute: groups.memberAttribute, memberValue: value(groups.memberValue),
      companions: groups.companions.map { ($0.attribute, value($0.value)) },
      placeholder: groups.placeholder)
    settings.recreate = groups.recreate
    settings.template = groups.creation.map { creation in
      LDAPTarget.Configuration.GroupTemplate(
        objectClasses: creation.objectClasses, attributes: creation.attributes,
        number: creation.number.map { ($0.attribute, $0.range) })
    }
    return settings
  }

  private static func value(
    _ value: LDAPTargetConfiguration.MemberValue
  ) -> LDAPTarget.Configuration.MemberValue {
    switch value {
    case .dn: .dn
    case .attribute(let name): .attribute(name)
    }
  }

  private func settings(
    _ scim: SCIMTargetConfiguration, of target: TargetConfiguration
  ) throws -> SCIMTarget.Configuration {
    let auth: Credential =
      switch scim.auth {
      case .bearer(let token): .bearer(try secrets(token))
      case .basic(let username, let password):
        .basic(user: username, password: try secrets(password))
      case .oauth(let client): .oauth(try credentials(of: client))
      case .certificate: .certificate
      }
    var settings = SCIMTarget.Configuration(id: target.id, url: scim.url, auth: auth)
    settings.caFile = scim.caFile
    settings.clientCertificate = scim.certificate
    settings.proxy = scim.proxy
    settings.dialect = scim.dialect
    settings.createGroups = scim.createGroups
    if let limit = target.connectTimeout { settings.connectTimeout = limit }
    if let limit = target.answerTimeout {
      settings.totalTimeout = limit
      settings.idleTimeout = min(limit, settings.idleTimeout)
    }
    settings.adopt = target.adopt
    settings.protected = target.protected
    return settings
  }
}

extension Composition {
  private func credentials(
    of client: SCIMTargetConfiguration.Client
  ) throws -> ClientCredentials {
    let secret = try secrets(client.secret)
    var credentials = ClientCredentials(
      tokenURL: client.tokenURL, clientID: client.clientID,
      proof: client.place == .header ? .basic(secret) : .form(secret), scope: client.scope)
    credentials.parameters = client.parameters.sorted { $0.key < $1.key }
      .map { (name: $0.key, value: $0.value) }
    return credentials
  }
}

/// What is wrong with a group's name, for the mapping's diagnostic.
private struct BadGroupName: Error, CustomStringConvertible {
  let description: String
}
