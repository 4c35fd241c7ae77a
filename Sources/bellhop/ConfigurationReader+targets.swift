import AccessModel
import HTTPTransport
import LDAPClient
import Mapping

extension ConfigurationReader {
  private static let commonKeys = ["kind", "interval", "adopt", "protected"]

  mutating func target(_ entry: YAMLEntry) -> TargetConfiguration? {
    guard let (kind, _) = kind(of: entry.value, among: ["ldap", "scim"]) else { return nil }
    let isDirectory = kind == "ldap"
    let keys =
      isDirectory
      ? ["url", "tls", "startTLS", "bind", "accounts", "groups"]
      : ["url", "tls", "auth", "dialect", "createGroups"]
    let required = isDirectory ? ["url", "bind", "accounts"] : ["url", "auth"]
    guard
      let fields = yaml.fields(
        entry.value, keys: Self.commonKeys + keys, required: required)
    else { return nil }
    let interval = yaml.duration(fields["interval"])
    let adopt = yaml.flag(fields["adopt"]) ?? false
    let protected = yaml.texts(fields["protected"]) ?? []
    let details: TargetConfiguration.Kind?
    if isDirectory {
      details = directory(fields).map { .ldap($0) }
    } else {
      details = application(fields).map { .scim($0) }
    }
    guard let details else { return nil }
    return TargetConfiguration(
      id: TargetID(entry.key), kind: details, interval: interval, adopt: adopt,
      protected: protected,
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
    if let urls, let node = fields["url"] {
      for url in urls { check(url, startTLS: startTLS, isExternal: bind == .external, at: node) }
    }
    guard let urls, let bind, let accounts else { return nil }
    return LDAPTargetConfiguration(
      urls: urls, startTLS: startTLS, caFile: caFile, bind: bind, accounts: accounts,
      groups: groups)
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

  private mutating func groups(_ node: YAMLNode?) -> LDAPTargetConfiguration.Groups? {
    let keys = ["base", "objectClass", "memberAttribute", "memberValue", "emptyGroup"]
    guard let fields = yaml.fields(node, keys: keys, required: ["base", "objectClass"]) else {
      return nil
    }
    let base = yaml.text(fields["base"])
    let objectClass = yaml.text(fields["objectClass"])
    let memberAttribute = yaml.text(fields["memberAttribute"])
    let memberValue = yaml.text(fields["memberValue"])
    let empty = yaml.fields(
      fields["emptyGroup"], keys: ["placeholder"], required: ["placeholder"])
    let placeholder = yaml.text(empty?["placeholder"])
    guard let base, let objectClass else { return nil }
    let usual = Self.members[objectClass.lowercased()]
    guard let attribute = memberAttribute ?? usual?.attribute else {
      if fields["memberAttribute"] == nil {
        yaml.error(
          "'memberAttribute' is missing: it is not known for objectClass '\(objectClass)'",
          at: fields.location)
      }
      return nil
    }
    if ["groupofnames", "groupofuniquenames"].contains(objectClass.lowercased()),
      placeholder == nil, fields["emptyGroup"] == nil
    {
      yaml.warning(
        "'\(objectClass)' must have a member, so the last one of a group could not be removed; name "
          + "one that stays with 'emptyGroup: {placeholder: …}'", at: fields.location)
    }
    let value = memberValue.map { $0 == "dn" ? .dn : .attribute($0) } ?? usual?.value ?? .dn
    return .init(
      base: base, objectClass: objectClass, memberAttribute: attribute, memberValue: value,
      placeholder: placeholder)
  }

  /// How the group classes that directories usually have name their members.
  private static let members:
    [String: (attribute: String, value: LDAPTargetConfiguration.MemberValue)] = [
      "groupofnames": ("member", .dn), "groupofmembers": ("member", .dn),
      "groupofuniquenames": ("uniqueMember", .dn), "posixgroup": ("memberUid", .attribute("uid")),
    ]

  private mutating func application(_ fields: YAMLFields) -> SCIMTargetConfiguration? {
    let url = serviceURL(fields["url"])
    let tls = yaml.fields(fields["tls"], keys: ["caFile"])
    let caFile = path(tls?["caFile"])
    let auth = auth(fields["auth"])
    let createGroups = yaml.flag(fields["createGroups"]) ?? false
    if let dialect = fields["dialect"], let name = yaml.text(dialect), name != "auto" {
      yaml.error(
        "dialect '\(name)' is not available in this version; write auto", at: dialect.location)
    }
    guard let url, let auth else { return nil }
    return SCIMTargetConfiguration(
      url: url, caFile: caFile, auth: auth, createGroups: createGroups)
  }

  private mutating func serviceURL(_ node: YAMLNode?) -> String? {
    guard let node, var text = yaml.text(node) else { return nil }
    do throws(HTTPURL.SyntaxError) {
      let url = try HTTPURL(parsing: text)
      if url.query != nil { yaml.error("the URL must not have a query", at: node.location) }
      if !url.isProtected {
        yaml.error(
          "'url' would send credentials and data in the clear; use https://", at: node.location)
      }
    } catch {
      yaml.error(error.description, at: node.location)
    }
    while text.hasSuffix("/") { text.removeLast() }
    return text
  }

  private mutating func auth(_ node: YAMLNode?) -> SCIMTargetConfiguration.Auth? {
    guard let fields = yaml.fields(node, keys: ["bearer", "basic", "oauth"]) else { return nil }
    guard fields.entries.count == 1 else {
      yaml.error("'auth' needs one of 'bearer' and 'basic'", at: fields.location)
      return nil
    }
    if let oauth = fields["oauth"] {
      yaml.error(
        "auth oauth is not available in this version; use bearer or basic", at: oauth.location)
    }
    if let bearer = fields["bearer"] { return secret(bearer).map { .bearer($0) } }
    let keys = ["username", "password"]
    guard let basic = yaml.fields(fields["basic"], keys: keys, required: keys) else { return nil }
    let username = yaml.text(basic["username"])
    let password = secret(basic["password"])
    guard let username, let password else { return nil }
    return .basic(username: username, password: password)
  }
}
