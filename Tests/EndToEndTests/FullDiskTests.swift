import ConnectorTesting
import Foundation
import Glibc
import Testing

/// Only root may mount a file system of its own.
private let canMount = geteuid() == 0

extension EndToEnd {
  @Suite struct FullDisk {
    /// Runs the body in a world whose state folder is a file system of 24 MiB.
    private func withSmallDisk(_ body: (World) async throws -> Void) async throws {
      try await withWorld { world in
        let state = world.bellhop.state.path
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let mounted = try await world.bellhop.runInShell(
          "mount -t tmpfs -o size=24m,mode=700 none \(state)")
        #expect(mounted.code == 0, "\(mounted.everything)")
        let result: Result<Void, any Error>
        do { result = .success(try await body(world)) } catch { result = .failure(error) }
        #expect(try await world.bellhop.runInShell("umount -l \(state)").code == 0)
        try result.get()
      }
    }

    @Test(.enabled(if: canMount), arguments: [0, 40, 200])
    func `C8: on a full disk what has ended is removed, nothing else is done, and it is loud`(
      kibibytesLeft: Int
    ) async throws {
      try await withSmallDisk { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await !world.bellhop.run("status", exits: 0).output.contains("FULL"))
        let filled = try await world.bellhop.runInShell(
          """
          free=$(df -k --output=avail state | tail -1)
          fallocate -l $((free - \(kibibytesLeft)))K state/filler
          """)
        #expect(filled.code == 0, "\(filled.everything)")

        try world.write(
          [Record("ines", "Lab"), Record("jon", "Lab", state: "expired")]
            + (0..<300).map { Record("g\($0)", "Lab") })
        for _ in 0..<2 {
          let answer = try await world.bellhop.run("apply", exits: 74)
          #expect(
            answer.errors.contains("only what ends access is recorded and done"),
            "\(answer.errors)")
          #expect(try await world.members("lab") == ["ines"])
          #expect(try await !world.directory.exists(world.account("g0")))
        }
        #expect(try await world.bellhop.run("status", exits: 0).output.contains("FULL"))
        try await world.bellhop.run("verify", exits: 0)

        try world.bellhop.delete("state/filler")
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab").count == 301)
        #expect(try await !world.bellhop.run("status", exits: 0).output.contains("FULL"))
        try await world.bellhop.run("verify", exits: 0)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test(.enabled(if: canMount))
    func `C8: what waits and what fails is remembered on a full disk`() async throws {
      try await withSmallDisk { world in
        let all = ["ines", "jon", "kai", "lea", "mo", "nils"].map { Record($0, "Lab") }
        try world.write(all)
        try await world.bellhop.run("apply", exits: 0)
        let filled = try await world.bellhop.runInShell(
          "fallocate -l $(df -k --output=avail state | tail -1)K state/filler")
        #expect(filled.code == 0, "\(filled.everything)")
        try world.write([Record("ines", "Lab"), Record("jon", "Lab", state: "expired")])
        for _ in 0..<2 {
          let answer = try await world.bellhop.run("apply", exits: 74)
          #expect(answer.errors.contains("only what ends access is recorded and done"))
          #expect(try await world.members("lab") == ["ines", "kai", "lea", "mo", "nils"])
        }
        let status = try await world.bellhop.run("status", exits: 0).output
        #expect(status.contains("removal(s) wait"), "\(status)")
        #expect(!status.contains("did not end"), "\(status)")
        try await world.bellhop.run("verify", exits: 0)
      }
    }
  }
}
