import AccessModel
import AssignmentSources
import LDAPClient
import LDAPTarget
import Mapping
import SCIMClient
import SCIMTarget
import Secrets

/// The one place that knows which kinds of source and target exist.
struct Composition {
  let secrets: (SecretReference) throws -> Secret

  func source(_ configuration: SourceConfiguration) -> any AssignmentSource {
    let source: any AssignmentSource =
      switch configuration.kind {
      case .file(let path): FileSource(id: configuration.id, path: path)
      }
    guard let absentAfter = configuration.absentAfter else { return source }
    return PatientSource(source: source, absentAfter: absentAfter)
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
    settings.adopt = target.adopt
    settings.protected = target.protected
    return settings
  }

  private static func groups(
    _ groups: LDAPTargetConfiguration.Groups
  ) -> LDAPTarget.Configuration.Groups {
    let value: LDAPTarget.Configuration.MemberValue =
      switch groups.memberValue {
      case .dn: .dn
      case .attribute(let name): .attribute(name)
      }
    return LDAPTarget.Configuration.Groups(
      base: groups.base, objectClass: groups.objectClass,
      memberAttribute: groups.memberAttribute, memberValue: value,
      placeholder: groups.placeholder)
  }

  private func settings(
    _ scim: SCIMTargetConfiguration, of target: TargetConfiguration
  ) throws -> SCIMTarget.Configuration {
    let auth: Credential =
      switch scim.auth {
      case .bearer(let token): .bearer(try secrets(token))
      case .basic(let username, let password):
        .basic(user: username, password: try secrets(password))
      }
    var settings = SCIMTarget.Configuration(id: target.id, url: scim.url, auth: auth)
    settings.caFile = scim.caFile
    settings.createGroups = scim.createGroups
    settings.adopt = target.adopt
    settings.protected = target.protected
    return settings
  }
}

/// What is wrong with a group's name, for the mapping's diagnostic.
private struct BadGroupName: Error, CustomStringConvertible {
  let description: String
}

/// A source whose absences are proven later than its kind would have it.
private struct PatientSource: AssignmentSource {
  let source: any AssignmentSource
  let absentAfter: Duration

  var id: SourceID { source.id }

  func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    try await source.read(context)
  }
}
