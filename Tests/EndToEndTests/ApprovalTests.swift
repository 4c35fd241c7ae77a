import AccessModel
import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Approving {
    private static let all = (0..<12).map { Record("guest\($0)", "Lab") }

    /// Twelve members of whom five are gone from the list, and the digest that holds them.
    private func held(
      _ body: (inout World, String) async throws -> Void
    ) async throws {
      try await withWorld { world in
        try world.write(Self.all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(Self.all.prefix(7)))
        let answer = try await world.bellhop.run("apply", "--json", exits: 3)
        let limits = try answer.json["targets"].items[0]["plan"]["heldByLimits"]
        let digest = try #require(limits["digest"].text)
        #expect(answer.errors.contains("bellhop approve \(digest) --reason"))
        try await body(&world, digest)
      }
    }

    @Test func `R5: who approved and why is in the history of what it let pass`() async throws {
      try await held { world, digest in
        let status = try await world.bellhop.run("status", "--json", exits: 0).json
        #expect(status["waiting"].items.map { $0["digest"] } == [.text(digest)])
        let approved = try await world.bellhop.run(
          "approve", digest, "--name", "Grace", "--reason", "the project ended", exits: 0)
        #expect(approved.errors.contains("removeMember"), "\(approved.errors)")
        try await world.bellhop.run("apply", exits: 0)
        let text = try await world.bellhop.run("history", "--limit", "3", exits: 0).output
        #expect(text.contains("approved by Grace: the project ended"), "\(text)")
        let entry = try await world.bellhop.run("history", "--limit", "1", "--json", exits: 0).json
          .items[0]
        #expect(
          entry["approval"]["name"] == "Grace" && entry["approval"]["digest"] == .text(digest))
        #expect(entry["plan"].text?.count == 16)
        let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json.items
        #expect(runs[0]["approvals"].items.map { $0["reason"] } == ["the project ended"])
        #expect(runs[1]["approvals"] == .null)
        let after = try await world.bellhop.run("status", "--json", exits: 0).json
        #expect(after["waiting"] == .list([]))
      }
    }

    @Test func `R5: an approval of a plan that changed since says what changed`() async throws {
      try await held { world, digest in
        try await world.bellhop.run("approve", digest, exits: 0)
        try world.write(Array(Self.all.prefix(6)))
        let changed = try await world.bellhop.run("apply", exits: 3)
        #expect(
          changed.errors.contains("the approval of \(digest)")
            && changed.errors.contains("was not in it: removeMember Guest6 Example"),
          "\(changed.errors)")
        #expect(try await world.members("lab").count == 12)
      }
    }

    @Test func `approving what nobody knows is refused and says what waits`() async throws {
      try await held { world, digest in
        let answer = try await world.bellhop.run("approve", "0123456789abcdef", exits: 65)
        #expect(answer.errors.contains("nothing is held under 0123456789abcdef"))
        #expect(answer.errors.contains("what waits is corp: \(digest)"), "\(answer.errors)")
        try await world.bellhop.run("apply", exits: 3)
        try await world.bellhop.run("approve", digest, exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        let none = try await world.bellhop.run("approve", "0123456789abcdef", exits: 65)
        #expect(none.errors.contains("nothing waits for approval"), "\(none.errors)")
      }
    }

    @Test func `what only plan has shown as held can be approved`() async throws {
      try await withWorld { world in
        try world.write(Self.all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(Self.all.prefix(7)))
        let plan = try await world.bellhop.run("plan", "--json", exits: 3).json
        let digest = try #require(
          plan["targets"].items[0]["plan"]["heldByLimits"]["digest"].text)
        try await world.bellhop.run("approve", digest, exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 7)
      }
    }

    /// Who can write the ledger and has not its key can put a row in, or use one again.
    @Test(arguments: [
      "INSERT INTO approval (digest, name, reason, at) SELECT digest, 'Grace', '', \(Instant.wallClock.microseconds) FROM held_plan",
      "UPDATE held_plan SET changes = '[]'",
    ])
    func `A2: an approval or a held plan that was put into the ledger lets nothing pass`(
      sql: String
    ) async throws {
      try await held { world, digest in
        let edited = try await world.bellhop.runInShell(
          "sqlite3 state/ledger.sqlite \"\(sql)\"")
        #expect(edited.code == 0, "\(edited.everything)")
        if sql.hasPrefix("UPDATE") {
          let answer = try await world.bellhop.run("approve", digest, exits: 74)
          #expect(answer.errors.contains("was edited"), "\(answer.errors)")
        } else {
          let answer = try await world.bellhop.run("apply", exits: 74)
          #expect(answer.errors.contains("the journal does not vouch for it"), "\(answer.errors)")
          try await world.bellhop.run("verify", exits: 74)
        }
        #expect(try await world.members("lab").count == 12)
      }
    }

    @Test func `with otherPerson nobody approves what they ran, whatever name they give`()
      async throws
    {
      try await withWorld { world in
        try world.configure(more: "limits: { approval: otherPerson }\n")
        try world.write(Self.all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(Self.all.prefix(7)))
        let plan = try await world.bellhop.run("plan", "--json", exits: 3).json
        let digest = try #require(
          plan["targets"].items[0]["plan"]["heldByLimits"]["digest"].text)

        // No run has held it yet, so it is taken; it does not count for our own run.
        try await world.bellhop.run("approve", digest, "--name", "Grace", exits: 0)
        let own = try await world.bellhop.run("apply", exits: 3)
        #expect(own.errors.contains("does not count"), "\(own.errors)")
        let refused = try await world.bellhop.run("approve", digest, "--name", "Grace", exits: 64)
        #expect(refused.errors.contains("somebody else"))
        #expect(try await world.members("lab").count == 12)
      }
    }

    /// As root without a login id of the kernel's, the word of sudo tells people apart.
    @Test(.enabled(if: geteuid() == 0 && OperatingWord.hasNoLoginID))
    func `with otherPerson another person's approval counts`() async throws {
      try await withWorld { world in
        try world.configure(more: "limits: { approval: otherPerson }\n")
        try world.write(Self.all)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(Self.all.prefix(7)))
        let held = try await world.bellhop.run("apply", "--json", exits: 3).json
        let digest = try #require(
          held["targets"].items[0]["plan"]["heldByLimits"]["digest"].text)
        var other = world.bellhop
        other.environment["SUDO_UID"] = "4711"
        other.environment["SUDO_USER"] = "grace"
        try await other.run("approve", digest, exits: 0)
        let again = try await other.run("apply", exits: 3)
        #expect(again.errors.contains("does not count"), "who approved may not run it either")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 7)
      }
    }
  }
}

private enum OperatingWord {
  static var hasNoLoginID: Bool {
    do {
      let text = try String(contentsOfFile: "/proc/self/loginuid", encoding: .utf8)
      return text.hasPrefix("4294967295")
    } catch {
      return true
    }
  }
}
