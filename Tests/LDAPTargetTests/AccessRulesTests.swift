import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Synchronization
import Testing

extension DirectoryTests {
  /// The rules that docs/ldap.md tells administrators to load, as they stand there.
  @Suite struct AccessRules {
    /// The LDIF blocks of the chapter on rights.
    private static func blocks() throws -> [String] {
      let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let text = try String(contentsOf: folder.appending(path: "docs/ldap.md"), encoding: .utf8)
      let chapter = try #require(text.components(separatedBy: "\n## Rights\n").dropFirst().first)
      return chapter.components(separatedBy: "\n## ")[0].components(separatedBy: "```ldif\n")
        .dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    @Test func `the rules of the manual are enough for all that is done, and for nothing else`()
      async throws
    {
      let blocks = try Self.blocks()
      try #require(blocks.count == 2)
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      options.indexes += ["entryCSN eq"]
      try await Directory.with(options: options) { directory in
        try await directory.slapd.configure("replace: olcAccess\n\(blocks[0])")
        try await directory.slapd.configure("replace: olcLimits\n\(blocks[1])")
        let accounts = try await directory.accounts(["ada", "bob"])
        let rule = DisableRule.set(["employeeType": ["gone"]])
        let steps: [[Change]] = [
          try await directory.additions(accounts, to: "alpha"),
          [
            .updateAccount(
              accounts[0], [AttributeChange(name: "mail", before: [], after: ["a@b"])],
              because: directory.because)
          ],
          try await directory.removals(accounts, from: "alpha"),
          [.disableAccount(accounts[0], rule, because: directory.ended)],
          [.deleteAccount(accounts[1], because: directory.ended)],
        ]
        for changes in steps {
          #expect(await directory.target.obstacles(to: changes).isEmpty)
          for outcome in try await directory.apply(changes) {
            #expect(outcome.isDone, "\(outcome)")
          }
          let state = try await directory.read()
          #expect(state.coverage == .complete)
          for group in state.groups {
            guard case .present(_, .complete) = group else {
              Issue.record("\(group)")
              continue
            }
          }
        }
        let found = Mutex<[Diagnosis]>([])
        let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        await directory.target.examine(Examination(now: now)) { diagnosis in
          found.withLock { $0.append(diagnosis) }
        }
        let worse = found.withLock { $0 }.filter { [.fault, .warning].contains($0.verdict) }
        #expect(worse.isEmpty, "\(worse)")
        try await expectNothingElse(directory)
      }
    }

    /// What the service account may not do: as itself, by the server's own tools.
    private func expectNothingElse(_ directory: Directory) async throws {
      let slapd = directory.slapd
      for change in [
        "dn: cn=alpha,\(slapd.groups)\nchangetype: modify\nreplace: description\ndescription: x\n",
        "dn: cn=alpha,\(slapd.groups)\nchangetype: delete\n",
        "dn: cn=new,\(slapd.groups)\nchangetype: add\nobjectClass: groupOfNames\nmember: cn=x\n",
        "dn: \(slapd.placeholder)\nchangetype: modify\nreplace: description\ndescription: x\n",
        "dn: \(directory.dn("ada"))\nchangetype: modify\nreplace: userPassword\nuserPassword: x\n",
      ] {
        await #expect(throws: SlapdFixture.Failure.self, "\(change)") {
          try await slapd.modify(change, asService: true)
        }
      }
    }
  }
}
