import AccessModel
import AssignmentSources
import GraphClient
import HTTPTransport
import Mapping
import Planning
import SCIMTarget
import Signing

/// What `bellhop.yaml` says, checked as far as that needs nothing but its text. File paths are
/// absolute; secrets are references, not values.
struct Configuration: Equatable, Sendable {
  /// The file it was read from.
  let path: String
  /// Folder of the ledger and the lock.
  let state: String
  /// The file of the journal's key, where it is not in the state folder.
  var journalKey: String?
  /// Folder of the mapping files; every `*.yaml` in it is read.
  let mappings: String
  /// Sorted by id, never empty.
  let sources: [SourceConfiguration]
  /// Sorted by id, never empty.
  let targets: [TargetConfiguration]
  /// Targets that left the configuration on purpose, with what is ours in them.
  let retired: Set<TargetID>
  let limits: Limits
  /// How often `bellhop run` reconciles what says nothing of its own.
  let interval: Duration
  /// Environment variables that hold secrets: no program that we start gets them.
  let secretVariables: Set<String>
}

struct SourceConfiguration: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// A `.json` or `.csv` file.
    case file(path: String)
    case graph(GraphSourceConfiguration)
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

struct GraphSourceConfiguration: Equatable, Sendable {
  /// What proves that we are the application.
  enum Credential: Equatable, Sendable {
    case clientSecret(SecretReference)
    /// PEM files, read for every token, so that a renewed certificate is taken without a restart.
    case certificate(path: String, key: String, SigningKey.Algorithm)
    /// A token file; `nil` is the one that `$AZURE_FEDERATED_TOKEN_FILE` names.
    case workloadIdentity(tokenFile: String?)
    case managedIdentity(ManagedIdentity.Identity)
  }

  let cloud: GraphCloud
  /// Empty for a managed identity; for a workload identity, what its platform sets in the environment
  /// comes in their place.
  let tenant: String
  let clientID: String
  let credential: Credential
  let caFile: String?
  /// `nil` connects directly.
  let proxy: HTTPURL?
  let settings: GraphSource.Settings
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
  /// How long a connection may take to be made, and how long an answer may take to come; `nil` leaves
  /// it to the kind of target.
  let connectTimeout: Duration?
  let answerTimeout: Duration?
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
    /// Attributes that hold the same members besides the first.
    var companions: [Companion] = []
    /// The member that keeps a group whose last member goes; `nil` if there is none.
    let placeholder: String?
    /// A group whose last member goes is deleted, and created again when it is needed.
    var recreate = false
    var creation: GroupCreation?
  }

  struct Companion: Equatable, Sendable {
    let attribute: String
    let value: MemberValue
  }

  /// What a mapped group that is missing is created with.
  struct GroupCreation: Equatable, Sendable {
    let objectClasses: [String]
    let attributes: [String: [String]]
    let number: Number?

    /// An attribute that gets a number which no other group has.
    struct Number: Equatable, Sendable {
      let attribute: String
      let range: ClosedRange<Int>
    }
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
  /// The attribute with an id that is never given again.
  var immutableID = "entryUUID"
  /// How long groups that have not changed may be left unread; zero reads every one every time.
  var fullReading: Duration = .seconds(86_400)
}

struct SCIMTargetConfiguration: Equatable, Sendable {
  enum Auth: Equatable, Sendable {
    case bearer(SecretReference)
    case basic(username: String, password: SecretReference)
    case oauth(Client)
    /// The client certificate says it all.
    case certificate
  }

  /// Of an OAuth 2.0 token endpoint.
  struct Client: Equatable, Sendable {
    let tokenURL: HTTPURL
    let clientID: String
    let secret: SecretReference
    let place: SecretPlace
    let scope: String?
    /// What the endpoint asks for besides.
    let parameters: [String: String]
  }

  enum SecretPlace: String, CaseIterable, Sendable {
    case header, form
  }

  /// The service's base, without a trailing slash.
  let url: String
  let caFile: String?
  var certificate: CurlTransport.ClientCertificate?
  var proxy: HTTPURL?
  let auth: Auth
  /// `nil` is `auto`.
  var dialect: Dialect?
  /// Create mapped groups that are missing.
  let createGroups: Bool
}
