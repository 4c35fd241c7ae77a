import HTTPTransport
import Mapping
import SCIMClient
import SCIMTarget

/// The targets of kind scim.
extension ConfigurationReader {
  mutating func application(_ fields: YAMLFields) -> SCIMTargetConfiguration? {
    let url = serviceURL(fields["url"])
    let tls = yaml.fields(fields["tls"], keys: ["caFile", "certificateFile", "keyFile"])
    let caFile = path(tls?["caFile"])
    let certificate = certificate(tls)
    let proxy = address(fields["proxy"])
    let auth = auth(fields["auth"], hasCertificate: certificate != nil)
    let dialect = dialect(fields["dialect"])
    let createGroups = yaml.flag(fields["createGroups"]) ?? false
    guard let url, let auth else { return nil }
    return SCIMTargetConfiguration(
      url: url, caFile: caFile, certificate: certificate, proxy: proxy, auth: auth,
      dialect: dialect, createGroups: createGroups)
  }

  private mutating func serviceURL(_ node: YAMLNode?) -> String? {
    guard let node, var text = yaml.text(node) else { return nil }
    if let url = address(node) {
      if url.query != nil { yaml.error("the URL must not have a query", at: node.location) }
      if !url.isProtected {
        yaml.error(
          "'url' would send credentials and data in the clear; use https://", at: node.location)
      }
    }
    while text.hasSuffix("/") { text.removeLast() }
    return text
  }

  mutating func address(_ node: YAMLNode?) -> HTTPURL? {
    guard let node, let text = yaml.text(node) else { return nil }
    do throws(HTTPURL.SyntaxError) {
      return try HTTPURL(parsing: text)
    } catch {
      yaml.error(error.description, at: node.location)
      return nil
    }
  }

  /// For mutual TLS.
  private mutating func certificate(_ tls: YAMLFields?) -> CurlTransport.ClientCertificate? {
    guard let tls, tls["certificateFile"] != nil || tls["keyFile"] != nil else { return nil }
    for key in ["certificateFile", "keyFile"] where tls[key] == nil {
      yaml.error("'\(key)' is missing; a client certificate needs its key", at: tls.location)
    }
    let file = path(tls["certificateFile"])
    let key = path(tls["keyFile"])
    guard let file, let key else { return nil }
    return CurlTransport.ClientCertificate(certificateFile: file, keyFile: key)
  }

  private mutating func auth(
    _ node: YAMLNode?, hasCertificate: Bool
  ) -> SCIMTargetConfiguration.Auth? {
    let ways = ["bearer", "basic", "oauth", "certificate"]
    guard let fields = yaml.fields(node, keys: ways) else { return nil }
    guard fields.entries.count == 1 else {
      yaml.error("'auth' needs one of \(ways.joined(separator: ", "))", at: fields.location)
      return nil
    }
    if let bearer = fields["bearer"] { return secret(bearer).map { .bearer($0) } }
    if let oauth = fields["oauth"] { return client(oauth).map { .oauth($0) } }
    if let certificate = fields["certificate"] {
      if yaml.flag(certificate) != true || !hasCertificate {
        yaml.error(
          "'certificate: true' needs certificateFile and keyFile in 'tls'",
          at: certificate.location)
      }
      return .certificate
    }
    let keys = ["username", "password"]
    guard let basic = yaml.fields(fields["basic"], keys: keys, required: keys) else { return nil }
    let username = yaml.text(basic["username"])
    let password = secret(basic["password"])
    guard let username, let password else { return nil }
    return .basic(username: username, password: password)
  }

  private mutating func client(_ node: YAMLNode) -> SCIMTargetConfiguration.Client? {
    let required = ["tokenURL", "clientID", "clientSecret"]
    guard
      let fields = yaml.fields(
        node, keys: required + ["sendSecretIn", "scope", "parameters"], required: required)
    else { return nil }
    let url = address(fields["tokenURL"])
    if let url, let node = fields["tokenURL"], !url.isProtected {
      yaml.error("'tokenURL' would send the secret in the clear; use https://", at: node.location)
    }
    let id = yaml.text(fields["clientID"])
    let secret = secret(fields["clientSecret"])
    let place = choice(fields["sendSecretIn"], SCIMTargetConfiguration.SecretPlace.self)
    let scope = yaml.text(fields["scope"])
    var parameters: [String: String] = [:]
    for entry in yaml.anyFields(fields["parameters"])?.entries ?? [] {
      parameters[entry.key] = yaml.text(entry.value)
    }
    guard let url, let id, let secret else { return nil }
    return SCIMTargetConfiguration.Client(
      tokenURL: url, clientID: id, secret: secret, place: place ?? .header, scope: scope,
      parameters: parameters)
  }

  private mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ node: YAMLNode?, _ type: Value.Type
  ) -> Value? {
    guard let node, let text = yaml.text(node) else { return nil }
    let value = Value(rawValue: text)
    if value == nil {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      yaml.error("\(node.label) must be one of \(known)", at: node.location)
    }
    return value
  }

  /// A name, or a mapping that starts from one and overrules it. `nil` leaves it to the URL's host.
  private mutating func dialect(_ node: YAMLNode?) -> Dialect? {
    guard let node else { return nil }
    if case .scalar = node.content { return namedDialect(node) }
    let keys = [
      "base", "paging", "pageSize", "filters", "showsMembers", "patch", "versions", "bulk",
      "trustsSchema", "firstWay", "groups", "memberChunk", "memberRemoval", "wholeLists",
      "deletion",
      "writesPerMinute", "burst", "groupWritesPerMinute", "concurrency",
    ]
    guard let fields = yaml.fields(node, keys: keys) else { return nil }
    var dialect = namedDialect(fields["base"]) ?? Dialect("auto")
    dialect.paging = choice(fields["paging"], Capabilities.Paging.self) ?? dialect.paging
    dialect.pageSize = yaml.wholeNumber(fields["pageSize"], in: 1...10_000) ?? dialect.pageSize
    dialect.filters = yaml.flag(fields["filters"]) ?? dialect.filters
    dialect.showsMembers = yaml.flag(fields["showsMembers"]) ?? dialect.showsMembers
    dialect.patch = yaml.flag(fields["patch"]) ?? dialect.patch
    dialect.versions = yaml.flag(fields["versions"]) ?? dialect.versions
    dialect.bulk = yaml.flag(fields["bulk"]) ?? dialect.bulk
    dialect.trustsSchema = yaml.flag(fields["trustsSchema"]) ?? dialect.trustsSchema
    dialect.firstWay = choice(fields["firstWay"], Dialect.WriteWay.self) ?? dialect.firstWay
    dialect.groups = yaml.flag(fields["groups"]) ?? dialect.groups
    dialect.memberChunk =
      yaml.wholeNumber(fields["memberChunk"], in: 1...10_000) ?? dialect.memberChunk
    dialect.memberRemoval =
      choice(fields["memberRemoval"], Dialect.MemberRemoval.self) ?? dialect.memberRemoval
    dialect.wholeLists = yaml.flag(fields["wholeLists"]) ?? dialect.wholeLists
    dialect.deletion = choice(fields["deletion"], Dialect.Deletion.self) ?? dialect.deletion
    if let perMinute = yaml.wholeNumber(fields["writesPerMinute"], in: 1...60_000) {
      let burst = yaml.wholeNumber(fields["burst"], in: 1...60_000)
      dialect.writes = Rate(perMinute: perMinute, burst: burst ?? max(1, perMinute / 10))
    }
    if let perMinute = yaml.wholeNumber(fields["groupWritesPerMinute"], in: 1...60_000) {
      dialect.groupWrites = Rate(perMinute: perMinute, burst: max(1, perMinute / 2))
    }
    dialect.concurrency =
      yaml.wholeNumber(fields["concurrency"], in: 1...64) ?? dialect.concurrency
    return dialect
  }

  private mutating func namedDialect(_ node: YAMLNode?) -> Dialect? {
    guard let node, let name = yaml.text(node), name != "auto" else { return nil }
    let dialect = Dialect.named(name)
    if dialect == nil {
      let known = (["auto"] + Dialect.named.map(\.name)).joined(separator: ", ")
      yaml.error("there is no dialect '\(name)'; there is \(known)", at: node.location)
    }
    return dialect
  }
}
