import AccessModel
import LDAPClient

extension Checkup {
  /// Makes an account and a group, tries every kind of write on them, and removes them again.
  func scratch(on link: isolated LDAPConnection) throws(LDAPError) -> [Diagnosis] {
    // Some servers take only entries that are there for members: one for the group, one to add.
    let names = ["", "-2"].map { "\(Self.nobody)-\(examination.now.microseconds)\($0)" }
    let (account, spare) = (scratchAccount(names[0]), scratchAccount(names[1]))
    let members =
      layout.columns[0].valueAttribute == nil
      ? [account, spare].map(\.name.description) : names
    var steps: [(String, LDAPRequest)] = [
      ("create an account", .add(account.name, account.attributes)),
      (
        "change an account",
        .modify(account.name, [.replace(LDAPAttribute(layout.anchor, [Self.nobody]))])
      ),
      ("create another account", .add(spare.name, spare.attributes)),
    ]
    var made = [account.name, spare.name]
    if let group = scratchGroup(names[0], member: members[0]) {
      made.append(group.name)
      let value = LDAPAttribute(layout.memberAttribute, [members[1]])
      steps.append(("create a group", .add(group.name, group.attributes)))
      steps.append(("add a member", .modify(group.name, [.add(value)])))
      steps.append(("remove a member", .modify(group.name, [.delete(value)])))
    }
    var diagnoses: [Diagnosis] = []
    for (act, request) in steps {
      let result = link.perform([request])[0].result
      diagnoses.append(
        result.isSuccess
          ? Diagnosis(.fine, "scratch", "\(act): done")
          : Diagnosis(
            .fault, "scratch", "\(act): \(LDAPError(result))",
            wayOut: "let the bind identity do this, or mend what the server's words name"))
      if !link.isOpen { break }
    }
    if !link.isOpen { try link.open() }
    for name in made.reversed() {
      let result = link.perform([.delete(name)])[0].result
      if result.isSuccess {
        diagnoses.append(Diagnosis(.fine, "scratch", "'\(name)' removed again"))
      } else if result.code != .noSuchObject {
        diagnoses.append(
          Diagnosis(
            .fault, "scratch", "'\(name)' is left behind: \(LDAPError(result))",
            wayOut: "delete it by hand"))
      }
    }
    return diagnoses
  }

  /// An account that nobody has, with all that the schema demands.
  private func scratchAccount(
    _ value: String
  ) -> (name: DistinguishedName, attributes: [LDAPAttribute]) {
    var attributes = [LDAPAttribute("objectClass", layout.accountClasses)]
    var known = ["objectclass"]
    let demanded = server.schema?.demanded(by: layout.accountClasses) ?? ["cn", "sn"]
    for name in [layout.rdn, layout.anchor] + demanded where !known.contains(name.lowercased()) {
      known.append(name.lowercased())
      attributes.append(scratchAttribute(name, value))
    }
    return (layout.accountsBase.child(layout.rdn, value), attributes)
  }

  private func scratchAttribute(_ name: String, _ value: String) -> LDAPAttribute {
    let isNumber = ["uidnumber", "gidnumber"].contains(name.lowercased())
    return LDAPAttribute(name, [isNumber ? "65533" : value])
  }

  private func scratchGroup(
    _ value: String, member: String
  ) -> (name: DistinguishedName, attributes: [LDAPAttribute])? {
    guard let base = layout.groupsBase else { return nil }
    var attributes = [LDAPAttribute("objectClass", [layout.groupClass])]
    attributes.append(LDAPAttribute("cn", [value]))
    attributes.append(LDAPAttribute(layout.memberAttribute, [member]))
    let known = ["objectclass", "cn", layout.memberAttribute.lowercased()]
    for name in server.schema?.demanded(by: [layout.groupClass]) ?? ["cn"]
    where !known.contains(name) {
      attributes.append(scratchAttribute(name, value))
    }
    return (base.child("cn", value), attributes)
  }
}
