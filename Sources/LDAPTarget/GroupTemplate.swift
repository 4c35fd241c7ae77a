import LDAPClient

/// What a group is created with besides its name and its members.
struct GroupTemplate: Sendable {
  let classes: [String]
  /// Sorted by name.
  let attributes: [(name: String, values: [String])]
  /// An attribute that gets a number which no other group has.
  let number: (attribute: String, range: ClosedRange<Int>)?

  /// Whether a group that has nothing but these, its name and its members can be made again as it
  /// was.
  func covers(_ attribute: String, of name: DistinguishedName, _ columns: [MemberColumn]) -> Bool {
    let folded = attribute.lowercased()
    if folded == "objectclass" || columns.contains(where: { $0.isNamed(folded) }) { return true }
    if name.leafValue(of: attribute) != nil || number?.attribute.lowercased() == folded {
      return true
    }
    return attributes.contains { $0.name.lowercased() == folded }
  }
}
