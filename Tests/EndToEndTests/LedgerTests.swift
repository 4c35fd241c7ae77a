import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct LedgerAtRisk {
    @Test func `a ledger that cannot be used exits 74 before anything is written`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        let ledger = "state/ledger.sqlite"
        let good = try Data(contentsOf: world.bellhop.folder.appending(path: ledger))

        try world.bellhop.write("This is no database.", to: ledger)
        try await world.bellhop.run("apply", exits: 74)
        try await world.bellhop.run("plan", exits: 74)
        try await world.bellhop.run("status", exits: 74)
        #expect(try await world.snapshot() == before, "not a database")

        var torn = good
        torn.replaceSubrange(4_096..<good.count, with: Data(count: good.count - 4_096))
        try torn.write(to: world.bellhop.folder.appending(path: ledger))
        try await world.bellhop.run("apply", exits: 74)
        #expect(try await world.snapshot() == before, "overwritten pages")

        try good.write(to: world.bellhop.folder.appending(path: ledger))
        // A file may grow to 4 KiB: as on a full disk, nothing can be recorded.
        let full = try await world.bellhop.runInShell(
          "trap '' XFSZ; ulimit -f 8; exec $BELLHOP apply")
        #expect(full.code == 74, "\(full.everything)")
        #expect(try await world.snapshot() == before, "full disk")

        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `a state folder that cannot be made exits 74`() async throws {
      try await withWorld { world in
        let text = try String(contentsOfFile: world.bellhop.path("bellhop.yaml"), encoding: .utf8)
        try world.write([Record("ines", "Lab")])
        try world.bellhop.write("", to: "occupied")
        for state in ["/proc/bellhop", "occupied"] {
          try world.bellhop.write(
            text.replacing("state: state", with: "state: \(state)"), to: "bellhop.yaml")
          try await world.bellhop.run("apply", exits: 74)
          #expect(try await !world.directory.exists(world.account("ines")))
        }
      }
    }

    @Test func `a lost ledger writes nothing until what is ours is taken over`() async throws {
      try await withWorld(wiki: true) { world in
        let all = [Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Gate")]
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()

        try world.bellhop.delete("state")
        try world.write(Array(all.dropFirst()) + [Record("lea", "Lab")])
        for _ in 0..<2 {
          let answer = try await world.bellhop.run("apply", exits: 74)
          #expect(answer.errors.contains("bellhop adopt"))
          #expect(try await world.snapshot() == before)
        }

        try world.write(all)
        try await world.bellhop.run("adopt", "corp", "--reason", "the disk died", exits: 0)
        try await world.bellhop.run("apply", exits: 74)
        #expect(try await world.snapshot() == before, "the wiki is not taken over yet")
        try await world.bellhop.run("adopt", "wiki", "--reason", "the disk died", exits: 0)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before, "taking over writes nothing to a target")

        try world.write(Array(all.dropFirst()))
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["jon"])
        #expect(try await world.wiki?.members("Lab") == ["jon"])
        #expect(try await world.wiki?.user("ines")["active"] == false)
        try await world.bellhop.run("plan", exits: 0)
      }
    }
  }
}
