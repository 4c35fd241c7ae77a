import AccessModel
import LDAPClient

extension Checkup {
  /// Makes an account and a group, tries every kind of write on them, and removes them again.
  func scratch(on link: isolated LDAPConnection) throws(LDAPError) -> [Diagnosis] {
    let account = scratchAccount()
    var steps: [(String, LDAPRequest)] = [
      ("create an account", .add(account.name, account.attributes)),
      (
        "change an account",
        .modify(account.name, [.replace(LDAPAttribute(layout.anchor, [Self.nobody]))])
      ),
    ]
    var made = [account.name]
    if let group = scratchGroup(account) {
      made.append(group.name)
      steps.append(("create a group", .add(group.name, group.attributes)))
      let spare = LDAPAttribute(
        layout.memberAttribute,
        [
          layout.columns[0].valueAttribute == nil
            ? layout.accountsBase.child("cn", Self.nobody).description : Self.nobody
        ])
      steps.append(("add a member", .modify(group.name, [.add(spare)])))
      steps.append(("remove a member", .modify(group.name, [.delete(spare)])))
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

  private func scratchGroup(
    _ account: (name: DistinguishedName, attributes: [LDAPAttribute])
  ) -> (name: DistinguishedName, attributes: [LDAPAttribute])? {
    guard let base = layout.groupsBase else { return nil }
    let value = "\(Self.nobody)-\(examination.now.microseconds)"
    var attributes = [LDAPAttribute("objectClass", [layout.groupClass])]
    let member = layout.columns[0].valueAttribute == nil ? account.name.description : value
    attributes.append(LDAPAttribute("cn", [value]))
    attributes.append(LDAPAttribute(layout.memberAttribute, [member]))
    let known = ["objectclass", "cn", layout.memberAttribute.lowercased()]
    for name in server.schema?.required(by: [layout.groupClass]) ?? ["cn"]
    where !known.contains(name) {
      attributes.append(LDAPAttribute(name, [name == "gidnumber" ? "65533" : value]))
    }
    return (base.child("cn", value), attributes)
  }
}
