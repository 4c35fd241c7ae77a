import AccessModel
import LDAPClient

/// A configuration that has been checked: where things are in the directory and what they are called.
struct Layout: Sendable {
  typealias Configuration = LDAPTarget.Configuration

  let target: TargetID
  let accountsBase: DistinguishedName
  let accountClasses: [String]
  let rdn: String
  let anchor: String
  /// `nil` where only accounts are kept.
  let groupsBase: DistinguishedName?
  let memberAttribute: String
  /// The account attribute that stands in groups; `nil` where it is the account's DN.
  let memberValueAttribute: String?
  let placeholder: String?
  let immutableID: String
  private let protected: [DistinguishedName]

  init(_ configuration: Configuration) throws(LDAPConfigurationError) {
    target = configuration.id
    let accounts = configuration.accounts
    accountsBase = try Self.name(accounts.base, "accounts.base")
    guard !accounts.objectClasses.isEmpty else {
      throw LDAPConfigurationError("accounts.objectClasses: name at least one class")
    }
    for name in accounts.objectClasses { try Self.check(name, "accounts.objectClasses") }
    accountClasses = accounts.objectClasses
    rdn = try Self.check(accounts.rdn, "accounts.rdn")
    anchor = try Self.check(accounts.anchor, "accounts.anchor")
    guard AttributeType.normalise(rdn) != AttributeType.normalise(anchor) else {
      throw LDAPConfigurationError(
        "accounts.anchor: '\(anchor)' names the entry already; the subject's id needs another one")
    }

    if let groups = configuration.groups {
      groupsBase = try Self.name(groups.base, "groups.base")
    } else {
      groupsBase = nil
    }
    let groups = configuration.groups ?? Self.anyGroups
    let known = GroupClass.known(try Self.check(groups.objectClass, "groups.objectClass"))
    guard let attribute = groups.memberAttribute ?? known?.memberAttribute else {
      throw LDAPConfigurationError(
        "groups.objectClass: '\(groups.objectClass)' is not one of groupOfNames, "
          + "groupOfUniqueNames, groupOfMembers and posixGroup; say where its members are with "
          + "groups.memberAttribute")
    }
    memberAttribute = try Self.check(attribute, "groups.memberAttribute")
    switch groups.memberValue ?? known?.memberValue ?? .dn {
    case .dn: memberValueAttribute = nil
    case .uid: memberValueAttribute = "uid"
    case .attribute(let name):
      memberValueAttribute = try Self.check(name, "groups.memberValue")
    }
    if let text = groups.placeholder, memberValueAttribute == nil {
      placeholder = try Self.name(text, "groups.emptyGroup.placeholder").description
    } else {
      placeholder = groups.placeholder
    }
    immutableID = try Self.check(configuration.immutableID, "immutableID")

    var protected: [DistinguishedName] = []
    for text in configuration.protected { protected.append(try Self.name(text, "protected")) }
    if case .simple(let dn, _) = configuration.bind {
      protected.append(try Self.name(dn, "bind.dn"))
    }
    self.protected = protected
  }

  /// Stands in where there are no groups, and no group is ever named.
  private static let anyGroups = Configuration.Groups(base: "", objectClass: "groupOfNames")

  func isProtected(_ name: DistinguishedName) -> Bool {
    protected.contains { name.isSameOrDescendant(of: $0) }
  }

  /// The group's name, if it is one this target may write.
  func groupName(_ text: String) throws(TargetError) -> DistinguishedName {
    let name: DistinguishedName
    do throws(DNSyntaxError) {
      name = try DistinguishedName(parsing: text)
    } catch {
      throw refusal("group \(error)")
    }
    guard let groupsBase else {
      throw refusal("group '\(text)' cannot be: the target is configured without 'groups'")
    }
    guard name.isDescendant(of: groupsBase) else {
      throw refusal("group '\(text)' is not below groups.base '\(groupsBase)'")
    }
    guard !isProtected(name) else {
      throw refusal("group '\(text)' is protected and never written")
    }
    return name
  }

  /// The form in which member values are compared, appended to `output`: a normalised DN, or the
  /// bytes as they are where a value is not a DN.
  func appendMemberKey(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    if memberValueAttribute == nil, DistinguishedName.appendNormalised(bytes, to: &output) {
      return
    }
    output.append(contentsOf: bytes)
  }

  func memberKey(_ value: String) -> [UInt8] {
    var key: [UInt8] = []
    var value = value
    value.withUTF8 { appendMemberKey(UnsafeRawBufferPointer($0), to: &key) }
    return key
  }

  func refusal(_ message: String) -> TargetError {
    TargetError(target: target, disposition: .skipChange, message: message)
  }

  private static func name(
    _ text: String, _ setting: String
  ) throws(LDAPConfigurationError) -> DistinguishedName {
    let name: DistinguishedName
    do throws(DNSyntaxError) {
      name = try DistinguishedName(parsing: text)
    } catch {
      throw LDAPConfigurationError("\(setting): \(error)")
    }
    guard !name.names.isEmpty else { throw LDAPConfigurationError("\(setting): the DN is empty") }
    return name
  }

  @discardableResult
  private static func check(
    _ name: String, _ setting: String
  ) throws(LDAPConfigurationError) -> String {
    guard AttributeType.isValid(name), !name.contains(";") else {
      throw LDAPConfigurationError("\(setting): '\(name)' is no name of the directory's schema")
    }
    return name
  }
}
