package import AccessModel
import LDAPClient

extension LDAPTarget: Surveyable {
  package func survey() async throws(TargetError) -> Survey {
    let connection = LDAPConnection(self.connection)
    do throws(LDAPError) {
      try await connection.open()
      let survey = try await survey(on: connection)
      await connection.close()
      return survey
    } catch {
      await connection.close()
      throw error.targetError(id, "cannot be surveyed")
    }
  }

  private func survey(on link: isolated LDAPConnection) throws(LDAPError) -> Survey {
    var groups: [Survey.Group] = []
    var unnameable: [String] = []
    if let base = layout.groupsBase {
      let search = LDAPSearch(
        base: base, scope: .subtree, filter: .equals("objectClass", layout.groupClass),
        attributes: [])
      let result = link.search(search) { entry in
        guard let text = LDAPRecord(entry)?.name else { return }
        do throws(TargetError) {
          let name = try layout.groupName(text)
          groups.append(
            Survey.Group(
              key: EntitlementKey(name.normalised), name: text,
              title: name.names.first?.parts.first?.value ?? text))
        } catch {
          unnameable.append(error.message)
        }
      }
      try result.result.check()
      guard result.isComplete else {
        throw LDAPError(code: .referral, diagnostic: "'\(base)': \(result.shortfall)")
      }
    }
    let demanded = try link.schema()?.demanded(by: layout.accountClasses) ?? ["cn", "sn"]
    var attributes: [String] = []
    let known = [AttributeType.normalise(layout.anchor), "objectclass"]
    for name in [layout.rdn] + demanded {
      let folded = AttributeType.normalise(name)
      if known.contains(folded)
        || attributes.contains(where: { AttributeType.normalise($0) == folded })
      {
        continue
      }
      attributes.append(name)
    }
    return Survey(
      groups: groups, unnameable: unnameable, accountAttributes: attributes,
      emailAttribute: "mail", displayNameAttribute: "cn")
  }
}
