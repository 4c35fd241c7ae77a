import AccessModel
import LDAPClient
import Mapping

extension ConfigurationReader {
  private static let commonKeys = ["kind", "interval", "adopt", "protected", "timeouts"]

  mutating func target(_ entry: YAMLEntry) -> TargetConfiguration? {
    guard let (kind, _) = kind(of: entry.value, among: ["ldap", "scim"]) else { return nil }
    let isDirectory = kind == "ldap"
    let keys =
      isDirectory
      ? ["url", "tls", "startTLS", "bind", "accounts", "groups", "immutableID", "fullReading"]
      : ["url", "tls", "proxy", "auth", "dialect", "createGroups"]
    let required = isDirectory ? ["url", "bind", "accounts"] : ["url", "auth"]
    guard
      let fields = yaml.fields(
        entry.value, keys: Self.commonKeys + keys, required: required)
    else { return nil }
    let interval = yaml.duration(fields["interval"])
    let adopt = yaml.flag(fields["adopt"]) ?? false
    let protected = yaml.texts(fields["protected"]) ?? []
    let timeouts = yaml.fields(fields["timeouts"], keys: ["connect", "answer"])
    let details: TargetConfiguration.Kind?
    if isDirectory {
      details = directory(fields).map { .ldap($0) }
    } else {
      details = application(fields).map { .scim($0) }
    }
    guard let details else { return nil }
    return TargetConfiguration(
      id: TargetID(entry.key), kind: details, interval: interval, adopt: adopt,
      protected: protected, connectTimeout: yaml.duration(timeouts?["connect"]),
      answerTimeout: yaml.duration(timeouts?["answer"]),
      location: entry.location)
  }

  private mutating func directory(_ fields: YAMLFields) -> LDAPTargetConfiguration? {
    let urls = yaml.someTexts(fields["url"])
    let tls = yaml.fields(fields["tls"], keys: ["caFile", "startTLS"])
    if let again = fields["startTLS"], tls?["startTLS"] != nil {
      yaml.error("'startTLS' is in 'tls' already", at: again.location)
    }
    let startTLS = yaml.flag(tls?["startTLS"] ?? fields["startTLS"]) ?? false
    let caFile = path(tls?["caFile"])
    let bind = bind(fields["bind"])
    let accounts = accounts(fields["accounts"])
    let groups = groups(fields["groups"])
    let immutableID = yaml.text(fields["immutableID"])
    let fullReading = yaml.duration(fields["fullReading"], orNone: true)
    if let urls, let node = fields["url"] {
      for url in urls { check(url, startTLS: startTLS, isExternal: bind == .external, at: node) }
    }
    guard let urls, let bind, let accounts else { return nil }
    return LDAPTargetConfiguration(
      urls: urls, startTLS: startTLS, caFile: caFile, bind: bind, accounts: accounts,
      groups: groups, immutableID: immutableID ?? "entryUUID",
      fullReading: fullReading ?? .seconds(86_400))
  }

  private mutating func check(_ text: String, startTLS: Bool, isExternal: Bool, at node: YAMLNode) {
    let url: LDAPURL
    do throws(LDAPConfigurationError) {
      url = try LDAPURL(parsing: text)
    } catch {
      return yaml.error(error.description, at: node.location)
    }
    if url.scheme != .ldap, startTLS {
      yaml.error("'\(text)': startTLS is for ldap:// only", at: node.location)
    } else if url.scheme == .ldap, !startTLS, !url.isLoopback {
      yaml.error(
        "'\(text)' would send passwords and data in the clear; use ldaps:// or startTLS: true",
        at: node.location)
    } else if isExternal, url.scheme != .ldapi {
      yaml.error("'\(text)': sasl EXTERNAL needs an ldapi:// url", at: node.location)
    }
  }

  private mutating func bind(_ node: YAMLNode?) -> LDAPTargetConfiguration.Bind? {
    guard let fields = yaml.fields(node, keys: ["dn", "password", "sasl"]) else { return nil }
    if let sasl = fields["sasl"] {
      for key in ["dn", "password"] where fields[key] != nil {
        yaml.error("'\(key)' and 'sasl' exclude each other", at: fields.location)
      }
      guard let mechanism = yaml.text(sasl) else { return nil }
      guard mechanism == "EXTERNAL" else {
        yaml.error("'sasl' must be EXTERNAL, the only mechanism there is", at: sasl.location)
        return nil
      }
      return .external
    }
    for key in ["dn", "password"] where fields[key] == nil {
      yaml.error(
        "'\(key)' is missing in 'bind', which needs dn and password, or sasl: EXTERNAL",
        at: fields.location)
    }
    let dn = yaml.text(fields["dn"])
    let password = secret(fields["password"])
    guard let dn, let password else { return nil }
    return .simple(dn: dn, password: password)
  }

  private mutating func accounts(_ node: YAMLNode?) -> LDAPTargetConfiguration.Accounts? {
    let keys = ["base", "objectClasses", "rdn", "anchor"]
    guard let fields = yaml.fields(node, keys: keys, required: keys) else { return nil }
    let base = yaml.text(fields["base"])
    let classes = yaml.someTexts(fields["objectClasses"])
    let rdn = yaml.text(fields["rdn"])
    let anchor = yaml.text(fields["anchor"])
    guard let base, let classes, let rdn, let anchor else { return nil }
    if rdn.lowercased() == anchor.lowercased() {
      yaml.error("'anchor' must be another attribute than 'rdn'", at: fields.location)
    }
    return .init(base: base, objectClasses: classes, rdn: rdn, anchor: anchor)
  }
}
