import LDAPClient

/// What the well-known classes of groups are like (RFC 4519 §3.5 and §3.6, RFC 2307 §2.1, MS-ADSC).
struct GroupClass {
  let memberAttribute: String
  let memberValue: LDAPTarget.Configuration.MemberValue
  /// Whether its definition demands a member. Some servers have relaxed it: their schema counts.
  let needsMember: Bool

  /// `nil` for a class we know nothing of.
  static func known(_ objectClass: String) -> GroupClass? {
    switch objectClass.lowercased() {
    case "groupofnames": .init(memberAttribute: "member", memberValue: .dn, needsMember: true)
    case "groupofuniquenames":
      .init(memberAttribute: "uniqueMember", memberValue: .dn, needsMember: true)
    case "groupofmembers": .init(memberAttribute: "member", memberValue: .dn, needsMember: false)
    case "group": .init(memberAttribute: "member", memberValue: .dn, needsMember: false)
    case "posixgroup": .init(memberAttribute: "memberUid", memberValue: .uid, needsMember: false)
    default: nil
    }
  }

  /// Whether a group of these classes must have a value of the attribute: what the server's schema
  /// says, and the standards where it shows none.
  static func needsMember(_ attribute: String, _ classes: [String], _ schema: Schema?) -> Bool {
    if let schema { return schema.requires(attribute, of: classes) }
    return classes.contains { name in
      known(name).map {
        $0.needsMember && $0.memberAttribute.lowercased() == attribute.lowercased()
      } ?? false
    }
  }
}
