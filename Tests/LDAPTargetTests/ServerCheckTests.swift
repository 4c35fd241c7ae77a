import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Testing

extension DirectoryTests {
  /// Dry runs by the server: what it would say, and that nothing is written.
  @Suite struct ServerChecks {
    /// Everything that proves a write: entries with their versions, and that of the whole database.
    private func expectUntouched(
      _ directory: Directory, sourceLocation: SourceLocation = #_sourceLocation,
      by body: () async throws -> ServerCheck
    ) async throws -> ServerCheck {
      let slapd = directory.slapd
      let before = try await slapd.contents()
      let check = try await body()
      #expect(try await slapd.contents() == before, sourceLocation: sourceLocation)
      // What only the memory of the server had would come out now.
      await slapd.stop()
      try await slapd.start()
      #expect(try await slapd.contents() == before, sourceLocation: sourceLocation)
      return check
    }

    private func update(
      _ account: AccountReference, _ name: String, _ values: [String], _ directory: Directory
    ) -> Change {
      .updateAccount(
        account, [AttributeChange(name: name, before: [], after: values)],
        because: directory.because)
    }

    private static var overlays: [SlapdFixture.Overlay] {
      [
        .syncprov, .accesslog, .init("memberof", "MemberOfConfig"),
        .init("refint", "RefintConfig", ["olcRefintAttribute: member"]),
      ]
    }

    @Test(arguments: GroupKind.allCases, [true, false])
    func `what the server would do it says, and nothing of it is done`(
      kind: GroupKind, hasOverlays: Bool
    ) async throws {
      var options = SlapdFixture.Options()
      if hasOverlays { options.overlays = Self.overlays }
      try await Directory.with(kind, options: options) { directory in
        let accounts = try await directory.accounts(["ada", "bob", "eve", "joe"])
        let (ada, bob) = (accounts[0], accounts[1])
        _ = try await directory.apply(
          try await directory.additions([accounts[2], accounts[3]], to: "alpha"))
        _ = try await directory.apply(update(bob, "employeeType", ["guest"], directory))
        var changes = try await directory.removals([accounts[2]], from: "alpha")
        changes.append(directory.creation("new", ["employeeType": ["guest"]]))
        changes.append(update(ada, "employeeType", ["guest"], directory))
        changes += try await directory.additions([ada, bob], to: "alpha")
        changes.append(
          .disableAccount(bob, .set(["employeeType": ["gone"]]), because: directory.ended))
        changes.append(
          .disableAccount(
            accounts[2], .moveTo(directory.slapd.disabledAccounts), because: directory.ended))
        changes.append(.deleteAccount(accounts[3], because: directory.ended))
        _ = try await directory.read()
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        #expect(check.alarm == nil)
        #expect(check.verdicts == changes.map { _ in .accepted })
        for uid in ["ada", "bob", "eve", "joe"] {
          let groups = try await directory.slapd.values(of: "memberOf", at: directory.dn(uid))
          let hasGroups = hasOverlays && kind == .groupOfNames && ["eve", "joe"].contains(uid)
          #expect(groups.isEmpty != hasGroups)
        }
        // And it is as it said.
        for outcome in try await directory.apply(changes) { #expect(outcome.isDone, "\(outcome)") }
        #expect(try await directory.target.check(changes).verdicts.first == .accepted)
      }
    }

    @Test func `what the server would refuse is told with its words and the way out`() async throws
    {
      var options = SlapdFixture.Options()
      let service = "cn=bellhop,ou=services,\(options.suffix)"
      options.accessRules = [
        "to dn.exact=\"cn=gamma,ou=groups,\(options.suffix)\" attrs=member "
          + "by dn.exact=\"\(service)\" read by * break",
        "to attrs=employeeType by dn.exact=\"\(service)\" read by * break",
      ]
      try await Directory.with(options: options) { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        try await directory.slapd.modify(
          "dn: \(directory.dn("bob"))\nchangetype: modify\nadd: mail\nmail: b@example.org\n-\n"
            + "add: employeeType\nemployeeType: x\n")
        _ = try await directory.apply(try await directory.additions([accounts[0]], to: "alpha"))
        let changes =
          [
            update(accounts[0], "mail", ["ä@example.org"], directory),
            update(accounts[0], "employeeType", ["guest"], directory),
            update(accounts[0], "sn", [], directory),
            update(accounts[0], "mail", ["a@example.org"], directory),
            directory.creation("ada"),
          ]
          + (try await directory.additions([accounts[1]], to: "gamma"))
          + (try await directory.additions([accounts[1]], to: "alpha"))
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        func expectRefusal(
          _ index: Int, _ words: String, _ wayOut: String?,
          sourceLocation: SourceLocation = #_sourceLocation
        ) {
          guard case .refused(let reason, let way) = check.verdicts[index] else {
            Issue.record("\(check.verdicts[index])", sourceLocation: sourceLocation)
            return
          }
          #expect(reason.contains(words), sourceLocation: sourceLocation)
          guard let wayOut else { return #expect(way == nil, sourceLocation: sourceLocation) }
          #expect(way?.contains(wayOut) == true, "\(way ?? "-")", sourceLocation: sourceLocation)
        }
        expectRefusal(0, "(21)", "correct the attribute")
        expectRefusal(1, "(50)", "let '\(service)' write it")
        expectRefusal(2, "(65)", "accounts.objectClasses")
        #expect(check.verdicts[3] == .accepted)
        // It carries the subject's id already.
        #expect(check.verdicts[4] == .accepted)
        expectRefusal(5, "(50)", "let '\(service)' write member there")
        #expect(check.verdicts[6] == .accepted)
        #expect(check.alarm == nil)
      }
    }

    @Test func `an attribute that is new to the database is never brought in by a dry run`()
      async throws
    {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        // Only with an option, and only elsewhere: neither is a proof.
        try await directory.slapd.modify(
          "dn: \(directory.dn("bob"))\nchangetype: modify\nadd: title;lang-de\ntitle;lang-de: Dr.\n"
        )
        let changes =
          [
            directory.creation("new", ["title": ["x"], "roomNumber": ["1"]]),
            update(accounts[0], "title", ["x"], directory),
            update(accounts[0], "title;lang-de", ["x"], directory),
            update(accounts[0], "organizationName", ["x"], directory),
          ]
          // The group shows its placeholder; `memberUid` it has none of.
          + (try await directory.additions([accounts[0]], to: "alpha"))
        let before = try await directory.slapd.contents()
        let check = try await directory.target.check(changes)
        #expect(try await directory.slapd.contents() == before)
        for index in [0, 1, 3] {
          guard case .notAsked(let reason) = check.verdicts[index] else {
            Issue.record("\(index): \(check.verdicts[index])")
            continue
          }
          #expect(reason.contains("damages it"), "\(reason)")
        }
        #expect(check.verdicts[2] == .accepted)
        #expect(check.verdicts[4] == .accepted)
        // The same process takes a part of what it was not asked, and reads it after a restart.
        #expect(
          try await directory.apply(directory.creation("new", ["roomNumber": ["1"]])).isDone)
        #expect(
          try await directory.apply(update(accounts[0], "description", ["x"], directory)).isDone)
        await directory.slapd.stop()
        try await directory.slapd.start()
        #expect(
          try await directory.slapd.values(of: "roomNumber", at: directory.dn("new")) == ["1"])
      }
    }

    @Test func `a group that shows no member is not asked, nor one that is yet to be made`()
      async throws
    {
      try await Directory.with(.posixGroup) { directory in
        let ada = try await directory.account("ada")
        let nobody = AccountReference(subject: "s", displayName: nil, identity: nil)
        let group = try directory.group("alpha")
        let changes =
          try await directory.additions([ada], to: "alpha")
          + [
            .addMember(
              Membership(group: group, groupID: "id", account: nobody), because: directory.because),
            .addMember(
              Membership(group: group, groupID: nil, account: ada), because: directory.because),
            .createGroup(group, because: directory.because),
          ]
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        let words = ["memberuid", "its account", "its group", "groups are not"]
        for (verdict, word) in zip(check.verdicts, words) {
          guard case .notAsked(let reason) = verdict else {
            Issue.record("\(verdict)")
            continue
          }
          #expect(reason.contains(word), "\(reason)")
        }
      }
    }

    @Test func `a group that was changed meanwhile is asked as it is now`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob", "eve"])
        _ = try await directory.apply(
          try await directory.additions([accounts[0]], to: "alpha"))
        let changes =
          try await directory.removals([accounts[0]], from: "alpha")
          + directory.additions([accounts[1], accounts[2]], to: "alpha")
          + directory.additions([accounts[1]], to: "gamma")
        try await directory.slapd.modify(
          "dn: cn=alpha,\(directory.slapd.groups)\nchangetype: modify\nadd: member\n"
            + "member: \(directory.dn("bob"))\n-\ndelete: member\nmember: \(directory.dn("ada"))\n")
        try await directory.slapd.modify(
          "dn: cn=gamma,\(directory.slapd.groups)\nchangetype: delete\n")
        try await directory.slapd.modify(
          directory.kind.ldif(
            "cn=gamma,\(directory.slapd.groups)", placeholder: directory.slapd.placeholder))
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        #expect(Array(check.verdicts.prefix(3)) == [.accepted, .accepted, .accepted])
        guard case .refused(let reason, nil) = check.verdicts[3] else {
          Issue.record("\(check.verdicts[3])")
          return
        }
        #expect(reason.contains("made anew"))
      }
    }

    @Test func `of many members in one question the one at fault is found`() async throws {
      var options = SlapdFixture.Options()
      options.overlays = [
        .init(
          "constraint", "ConstraintConfig",
          ["olcConstraintAttribute: memberUid regex \"^[a-z][0-9]*$\""])
      ]
      try await Directory.with(.posixGroup, options: options) { directory in
        let accounts = try await directory.accounts((0..<200).map { $0 == 117 ? "no" : "u\($0)" })
        try await directory.slapd.modify(
          "dn: cn=alpha,\(directory.slapd.groups)\nchangetype: modify\nadd: memberUid\n"
            + "memberUid: z\n")
        let changes = try await directory.additions(accounts, to: "alpha")
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        #expect(check.verdicts.count { $0 == .accepted } == 199)
        guard case .refused(let reason, let wayOut?) = check.verdicts[117] else {
          Issue.record("\(check.verdicts[117])")
          return
        }
        #expect(reason.contains("(19)") && wayOut.contains("mapping or the rule"))
      }
    }

    @Test func `a group is asked in slices, all of them against what is there`() async throws {
      try await Directory.with(.posixGroup) { directory in
        var ldif = ""
        for number in 0..<12_000 {
          ldif +=
            "dn: uid=u\(number),\(directory.slapd.accounts)\nobjectClass: inetOrgPerson\n"
            + "cn: u\nsn: u\nuid: u\(number)\nemployeeNumber: s\(number)\n\n"
        }
        try await directory.slapd.modify(ldif)
        try await directory.slapd.modify(
          "dn: cn=alpha,\(directory.slapd.groups)\nchangetype: modify\nadd: memberUid\n"
            + "memberUid: z\n")
        let state = try await directory.read()
        let references = state.accounts.map {
          AccountReference(subject: $0.anchor, displayName: nil, identity: $0.identity)
        }
        #expect(references.count == 12_000)
        let changes = try await directory.additions(references, to: "alpha")
        let modifies = try await directory.slapd.count(of: ["Modify"])
        let check = try await directory.target.check(changes)
        #expect(check.verdicts == changes.map { _ in .accepted })
        #expect(try await directory.slapd.count(of: ["Modify"]) - modifies == 2)
        #expect(try await directory.members("alpha") == ["z"])
      }
    }

    @Test func `a server that keeps what it was to try is asked nothing more`() async throws {
      try await Directory.with { directory in
        let accounts = try await directory.accounts(["ada", "bob"])
        let changes =
          try await directory.additions([accounts[0]], to: "alpha")
          + directory.additions(accounts, to: "gamma")
        // On its way the control becomes one that nobody knows and that may be ignored.
        let control = Array("1.3.6.1.4.1.4203.666.5.2".utf8)
        let road = try Forwarder(to: directory.slapd.port) { bytes in
          for start in bytes.indices.dropLast(control.count + 2)
          where bytes[start...].starts(with: control) {
            bytes[start + control.count - 1] = UInt8(ascii: "0")
            bytes[start + control.count + 2] = 0
          }
        }
        defer { road.close() }
        var configuration = directory.configuration
        configuration.urls = ["ldap://127.0.0.1:\(road.port)"]
        let check = try await LDAPTarget(configuration).check(changes)
        #expect(check.alarm?.contains("'cn=alpha,\(directory.slapd.groups)' changed") == true)
        for verdict in check.verdicts {
          guard case .notAsked(let reason) = verdict else {
            Issue.record("\(verdict)")
            continue
          }
          #expect(reason.contains("asked nothing more"))
        }
        #expect(try await directory.members("alpha") == [directory.dn("ada")])
        #expect(try await directory.members("gamma") == [directory.slapd.placeholder])
      }
    }

    @Test func `a server that is down cannot be asked, one that hides what it is neither`()
      async throws
    {
      var options = SlapdFixture.Options()
      options.hidesRootEntry = true
      try await Directory.with(options: options) { directory in
        let ada = try await directory.account("ada")
        let changes = try await directory.additions([ada], to: "alpha")
        let check = try await expectUntouched(directory) {
          try await directory.target.check(changes)
        }
        guard case .notAsked(let reason) = check.verdicts[0] else {
          Issue.record("\(check.verdicts)")
          return
        }
        #expect(reason.contains("OpenLDAP"))
        #expect(try await directory.target.check([]).verdicts.isEmpty)
        await directory.slapd.stop()
        await #expect(throws: TargetError.self) { try await directory.target.check(changes) }
      }
    }
  }
}
