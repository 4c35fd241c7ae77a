import AccessModel
import AssignmentSources
import GraphClient
import HTTPTransport
import Mapping
import Signing

extension ConfigurationReader {
  private static let commonSourceKeys = ["kind", "interval", "absentAfter"]
  private static let graphKeys = [
    "tenant", "clientID", "credential", "cloud", "loginURL", "graphURL", "tls", "proxy",
    "perPackage",
    "packages", "states", "patience", "users", "poll", "callback",
  ]

  mutating func source(_ entry: YAMLEntry) -> SourceConfiguration? {
    guard let (word, _) = kind(of: entry.value, among: ["file", "graph"]) else { return nil }
    let isFile = word == "file"
    guard
      let fields = yaml.fields(
        entry.value, keys: Self.commonSourceKeys + (isFile ? ["path"] : Self.graphKeys),
        required: isFile ? ["path"] : ["credential"])
    else { return nil }
    let interval = yaml.duration(fields["interval"])
    let absentAfter = yaml.duration(fields["absentAfter"], orNone: true)
    guard let kind = isFile ? file(fields) : graph(fields) else { return nil }
    return SourceConfiguration(
      id: SourceID(entry.key), kind: kind, interval: interval, absentAfter: absentAfter,
      location: entry.location)
  }

  private mutating func file(_ fields: YAMLFields) -> SourceConfiguration.Kind? {
    guard let file = fields["path"], let path = path(file) else { return nil }
    guard FileSource.Kind(path: path) != nil else {
      yaml.error("'path' must end in .json or .csv, which says how it is read", at: file.location)
      return nil
    }
    return .file(path: path)
  }

  private mutating func graph(_ fields: YAMLFields) -> SourceConfiguration.Kind? {
    let cloud = cloud(fields)
    let credential = graphCredential(fields["credential"])
    let tls = yaml.fields(fields["tls"], keys: ["caFile"])
    let caFile = path(tls?["caFile"])
    let proxy = address(fields["proxy"])
    let settings = graphSettings(fields)
    let tenant = tenant(fields["tenant"])
    let clientID = yaml.text(fields["clientID"])
    switch credential {
    case .clientSecret, .certificate:
      for key in ["tenant", "clientID"] where fields[key] == nil {
        yaml.error("'\(key)' is missing", at: fields.location)
      }
    case .workloadIdentity, .managedIdentity, nil: break
    }
    guard let cloud, let credential else { return nil }
    return .graph(
      GraphSourceConfiguration(
        cloud: cloud, tenant: tenant ?? "", clientID: clientID ?? "", credential: credential,
        caFile: caFile, proxy: proxy, settings: settings))
  }

  private mutating func tenant(_ node: YAMLNode?) -> String? {
    guard let node, let text = yaml.text(node) else { return nil }
    let isName = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
        || "-.".utf8.contains(byte)
    }
    if !isName {
      yaml.error("'tenant' must be the tenant's id or one of its domains", at: node.location)
    }
    return text
  }

  /// A named cloud, or the two URLs that make one.
  private mutating func cloud(_ fields: YAMLFields) -> GraphCloud? {
    let login = graphURL(fields["loginURL"])
    let graph = graphURL(fields["graphURL"])
    if fields["loginURL"] != nil || fields["graphURL"] != nil {
      if fields["cloud"] != nil {
        yaml.error("'cloud' excludes 'loginURL' and 'graphURL'", at: fields.location)
      }
      for key in ["loginURL", "graphURL"] where fields[key] == nil {
        yaml.error(
          "'\(key)' is missing: a cloud that has no name here needs both URLs",
          at: fields.location)
      }
      guard let login, let graph else { return nil }
      return GraphCloud(login: login, graph: graph)
    }
    guard let node = fields["cloud"] else { return GraphCloud(named: "global") }
    guard let name = yaml.text(node) else { return nil }
    guard let cloud = GraphCloud(named: name) else {
      yaml.error(
        "unknown cloud '\(name)'; there are \(GraphCloud.names.joined(separator: ", "))",
        at: node.location)
      return nil
    }
    return cloud
  }

  private mutating func graphURL(_ node: YAMLNode?) -> HTTPURL? {
    guard let node, var text = yaml.text(node) else { return nil }
    while text.hasSuffix("/") { text.removeLast() }
    do throws(HTTPURL.SyntaxError) {
      let url = try HTTPURL(parsing: text)
      if url.query != nil { yaml.error("the URL must not have a query", at: node.location) }
      if url.path.hasSuffix("/v1.0") || url.path.hasSuffix("/beta") {
        yaml.error("the URL must not name a version; Bellhop asks for v1.0", at: node.location)
      }
      if !url.isProtected {
        yaml.error(
          "\(node.label) would send credentials and data in the clear; use https://",
          at: node.location)
      }
      return url
    } catch {
      yaml.error(error.description, at: node.location)
      return nil
    }
  }

  private mutating func graphSettings(_ fields: YAMLFields) -> GraphSource.Settings {
    var settings = GraphSource.Settings()
    if yaml.flag(fields["perPackage"]) ?? false { settings.scope = .eachPackage }
    if let packages = yaml.someTexts(fields["packages"]) { settings.scope = .packages(packages) }
    settings.patience = yaml.duration(fields["patience"]) ?? settings.patience
    settings.users =
      yaml.choice(fields["users"], of: GraphSource.Settings.Users.allCases) ?? settings.users
    if let node = fields["poll"], let poll = yaml.duration(node, orNone: true) {
      settings.poll = poll == .zero ? nil : poll
    }
    settings.callback = callback(fields["callback"])
    if let node = fields["states"] {
      for word in yaml.someTexts(node) ?? [] {
        if let state = AssignmentState(wire: word) {
          settings.states.append(state)
        } else {
          yaml.error(
            "unknown state '\(word)'; there are "
              + AssignmentState.allCases.map(\.rawValue).joined(separator: ", "),
            at: node.location)
        }
      }
    }
    return settings
  }

  private mutating func callback(_ node: YAMLNode?) -> CallbackPolicy? {
    guard let fields = yaml.fields(node, keys: ["onFailure", "failAfter"]) else { return nil }
    var policy = CallbackPolicy()
    policy.onFailure =
      yaml.choice(fields["onFailure"], of: CallbackPolicy.Failure.allCases) ?? policy.onFailure
    policy.failAfter = yaml.duration(fields["failAfter"]) ?? policy.failAfter
    return policy
  }

  private mutating func graphCredential(
    _ node: YAMLNode?
  ) -> GraphSourceConfiguration.Credential? {
    let keys = ["clientSecret", "certificate", "workloadIdentity", "managedIdentity"]
    guard let fields = yaml.fields(node, keys: keys) else { return nil }
    guard fields.entries.count == 1, let entry = fields.entries.first else {
      yaml.error(
        "'credential' needs one of \(keys.joined(separator: ", "))", at: fields.location)
      return nil
    }
    switch entry.key {
    case "clientSecret": return secret(entry.value).map { .clientSecret($0) }
    case "certificate": return certificate(entry.value)
    case "workloadIdentity": return workloadIdentity(entry.value)
    default: return managedIdentity(entry.value)
    }
  }

  private mutating func certificate(
    _ node: YAMLNode
  ) -> GraphSourceConfiguration.Credential? {
    let keys = ["certificateFile", "keyFile", "algorithm"]
    guard
      let fields = yaml.fields(node, keys: keys, required: ["certificateFile", "keyFile"])
    else { return nil }
    let certificate = path(fields["certificateFile"])
    let key = path(fields["keyFile"])
    var algorithm = SigningKey.Algorithm.ps256
    if let node = fields["algorithm"], let word = yaml.text(node) {
      if let known = SigningKey.Algorithm(rawValue: word) {
        algorithm = known
      } else {
        yaml.error("'algorithm' must be PS256 or RS256", at: node.location)
      }
    }
    guard let certificate, let key else { return nil }
    return .certificate(path: certificate, key: key, algorithm)
  }

  /// `true`, or a mapping that names the token file.
  private mutating func workloadIdentity(
    _ node: YAMLNode
  ) -> GraphSourceConfiguration.Credential? {
    if case .scalar = node.content {
      guard let flag = yaml.flag(node) else { return nil }
      if !flag { yaml.error("'workloadIdentity' must be true", at: node.location) }
      return .workloadIdentity(tokenFile: nil)
    }
    guard let fields = yaml.fields(node, keys: ["tokenFile"]) else { return nil }
    return .workloadIdentity(tokenFile: path(fields["tokenFile"]))
  }

  private mutating func managedIdentity(
    _ node: YAMLNode
  ) -> GraphSourceConfiguration.Credential? {
    guard let fields = yaml.fields(node, keys: ["clientID", "objectID", "resourceID"]) else {
      return nil
    }
    guard fields.entries.count < 2 else {
      yaml.error("'managedIdentity' needs at most one id", at: fields.location)
      return nil
    }
    if let id = yaml.text(fields["clientID"]) { return .managedIdentity(.clientID(id)) }
    if let id = yaml.text(fields["objectID"]) { return .managedIdentity(.objectID(id)) }
    if let id = yaml.text(fields["resourceID"]) { return .managedIdentity(.resourceID(id)) }
    return .managedIdentity(.only)
  }
}
