import AccessModel
import Mapping
import Planning

/// What `bellhop.yaml` says, checked as far as that needs nothing but its text. File paths are
/// absolute; secrets are references, not values.
struct Configuration: Equatable, Sendable {
  /// The file it was read from.
  let path: String
  /// Folder of the ledger and the lock.
  let state: String
  /// Folder of the mapping files; every `*.yaml` in it is read.
  let mappings: String
  /// Sorted by id, never empty.
  let sources: [SourceConfiguration]
  /// Sorted by id, never empty.
  let targets: [TargetConfiguration]
  let limits: Limits
  /// How often `bellhop run` reconciles what says nothing of its own.
  let interval: Duration
}

struct SourceConfiguration: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// A `.json` or `.csv` file.
    case file(path: String)
  }

  let id: SourceID
  let kind: Kind
  /// Overrides `run: {interval: …}`.
  let interval: Duration?
  /// How much later a second complete reading must be to prove an absence; `nil` leaves that to the
  /// kind of source.
  let absentAfter: Duration?
  let location: SourceLocation
}

struct TargetConfiguration: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case ldap(LDAPTargetConfiguration)
    case scim(SCIMTargetConfiguration)
  }

  let id: TargetID
  let kind: Kind
  /// Overrides `run: {interval: …}`.
  let interval: Duration?
  /// Memberships found present when first desired become ours.
  let adopt: Bool
  /// Accounts and groups that are never written, as the target names them.
  let protected: [String]
  let location: SourceLocation
}

struct LDAPTargetConfiguration: Equatable, Sendable {
  enum Bind: Equatable, Sendable {
    case simple(dn: String, password: SecretReference)
    /// SASL EXTERNAL over `ldapi://`.
    case external
  }

  struct Accounts: Equatable, Sendable {
    let base: String
    let objectClasses: [String]
    /// The attribute that names entries, and must be mapped.
    let rdn: String
    /// The attribute that holds the subject's id.
    let anchor: String
  }

  struct Groups: Equatable, Sendable {
    let base: String
    let objectClass: String
    let memberAttribute: String
    let memberValue: MemberValue
    /// The member that keeps a group whose last member goes; `nil` if there is none.
    let placeholder: String?
  }

  /// What a group holds for each member.
  enum MemberValue: Equatable, Sendable {
    case dn
    /// The value of this attribute of the account, such as `uid`.
    case attribute(String)
  }

  /// `ldap://`, `ldaps://` or `ldapi://`, tried in this order.
  let urls: [String]
  let startTLS: Bool
  let caFile: String?
  let bind: Bind
  let accounts: Accounts
  /// `nil` where only accounts are kept.
  let groups: Groups?
}

struct SCIMTargetConfiguration: Equatable, Sendable {
  enum Auth: Equatable, Sendable {
    case bearer(SecretReference)
    case basic(username: String, password: SecretReference)
  }

  /// The service's base, without a trailing slash.
  let url: String
  let caFile: String?
  let auth: Auth
  /// Create mapped groups that are missing.
  let createGroups: Bool
}
