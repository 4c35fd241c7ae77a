internal import SCIMClient

extension Dialect {
  /// The dialects that configurations can name, sorted by name. The limits are those of the vendors'
  /// own documents; what they do not say is left to discovery.
  package static let named: [Dialect] = [
    atlassian, aws, databricks, entra, github, gitlab, google, okta, salesforce, slack, snowflake,
    strict, terraform, zoom,
  ]

  package static func named(_ name: String) -> Dialect? { named.first { $0.name == name } }

  /// The named dialect of a host, or else one that leaves everything to be found out.
  package static func automatic(host: String) -> Dialect {
    named.first { $0.hosts.contains { host == $0 || host.hasSuffix(".\($0)") } } ?? Dialect("auto")
  }

  /// AWS IAM Identity Center: docs.aws.amazon.com/singlesignon/latest/developerguide, pages
  /// limitations, listusers, listgroups, patchgroup, creategroup.
  static let aws = Dialect("aws") {
    $0.hosts = ["amazonaws.com"]
    $0.paging = .cursor
    $0.pageSize = 100
    $0.filters = true
    $0.showsMembers = false
    $0.bulk = false
    $0.versions = false
    $0.memberChunk = 100
    $0.wholeLists = false
  }

  /// Atlassian user provisioning: developer.atlassian.com/cloud/admin/user-provisioning. One `eq`
  /// on userName or externalId; a deactivated user answers 404 until it is active again.
  static let atlassian = Dialect("atlassian") {
    $0.hosts = ["api.atlassian.com"]
    $0.filters = true
    $0.deletion = .deactivates
  }

  /// Databricks: docs.databricks.com/api, scim-2-1. Privacera, whose connector writes many groups
  /// there, sends changes of groups 6 s apart; so it is done here, after a first few.
  static let databricks = Dialect("databricks") {
    $0.hosts = ["cloud.databricks.com", "azuredatabricks.net", "gcp.databricks.com"]
    $0.filters = true
    $0.groupWrites = Rate(perMinute: 10, burst: 5)
    $0.concurrency = 1
  }

  /// Services built for Microsoft Entra's client: learn.microsoft.com/entra/identity/
  /// app-provisioning/use-scim-to-provision-users-and-groups. They need not return members.
  static let entra = Dialect("entra") {
    $0.filters = true
    $0.patch = true
  }

  /// GitHub Enterprise Managed Users: docs.github.com/rest/enterprise-admin/scim. DELETE suspends
  /// for ever; at most 1000 users enter groups in an hour.
  static let github = Dialect("github") {
    $0.hosts = ["api.github.com", "ghe.com"]
    $0.memberChunk = 100
    $0.deletion = .irreversible
    $0.writes = Rate(perMinute: 16, burst: 100)
    $0.concurrency = 1
  }

  /// GitLab: docs.gitlab.com/development/internal_api. Users only; only `active` and the external
  /// identity can be changed.
  static let gitlab = Dialect("gitlab") {
    $0.hosts = ["gitlab.com"]
    $0.paging = .index
    $0.pageSize = 20
    $0.filters = true
    $0.groups = false
    $0.deletion = .deactivates
  }

  /// Google Cloud Identity: docs.cloud.google.com/identity/docs/scim. No pages, no sorting, no bulk,
  /// no versions.
  static let google = Dialect("google") {
    $0.hosts = ["googleapis.com"]
    $0.paging = Capabilities.Paging.none
    $0.versions = false
    $0.bulk = false
  }

  /// Services built for Okta's client: developer.okta.com/docs/api/openapi/okta-scim. Activation
  /// comes without a path, whole users by PUT.
  static let okta = Dialect("okta") {
    $0.filters = true
    $0.firstWay = .put
  }

  /// Salesforce: help.salesforce.com, identity_scim. Users are disabled, never deleted; roles and
  /// permission sets are groups.
  static let salesforce = Dialect("salesforce") {
    $0.hosts = ["my.salesforce.com", "salesforce.com"]
    $0.bulk = false
    $0.deletion = .deactivates
  }

  /// Slack: docs.slack.dev/reference/scim-api, rate limits. 180 changes of users in a minute, 20 at
  /// once; DELETE deactivates.
  static let slack = Dialect("slack") {
    $0.hosts = ["api.slack.com"]
    $0.deletion = .deactivates
    $0.writes = Rate(perMinute: 180, burst: 20)
  }

  /// Snowflake: docs.snowflake.com, scim and bcr-2276. One `eq`; roles are groups.
  static let snowflake = Dialect("snowflake") {
    $0.hosts = ["snowflakecomputing.com"]
    $0.filters = true
  }

  /// RFC 7643 and 7644 to the letter: what discovery says is believed.
  static let strict = Dialect("strict") {
    $0.paging = .index
    $0.filters = true
    $0.patch = true
    $0.versions = true
    $0.showsMembers = true
    $0.trustsSchema = true
  }

  /// HCP Terraform: developer.hashicorp.com/terraform/cloud-docs, SCIM. Pages of at most 200; 403
  /// while provisioning is paused.
  static let terraform = Dialect("terraform") {
    $0.hosts = ["app.terraform.io"]
    $0.paging = .index
    $0.pageSize = 200
    $0.filters = true
  }

  /// Zoom: developers.zoom.us/docs/api/scim2. Tokens by server-to-server OAuth.
  static let zoom = Dialect("zoom") {
    $0.hosts = ["api.zoom.us"]
    $0.filters = true
  }

  private init(_ name: String, _ adjust: (inout Dialect) -> Void) {
    self.init(name)
    adjust(&self)
  }
}

extension Capabilities {
  /// What the dialect knows better than the service says.
  func speaking(_ dialect: Dialect) -> Capabilities {
    var result = self
    result.canPatch = dialect.patch ?? canPatch
    result.canFilter = dialect.filters ?? canFilter
    result.hasVersions = dialect.versions ?? hasVersions
    result.paging = dialect.paging ?? paging
    result.pageSize = dialect.pageSize ?? pageSize
    if dialect.bulk == false { result.bulk = nil }
    if dialect.trustsSchema == false { result.userSchema = nil }
    return result
  }
}
