import AccessModel
import ConnectorTesting
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Doorbells {
    private let hourly = "run: { interval: PT1H }\n"

    @Test func `a hand edit is repaired when the directory tells us, not an hour later`()
      async throws
    {
      try await withWorld(overlays: [.syncprov]) { world in
        try world.configure(more: hourly)
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines", "jon"] }
        try await quiet(world)

        for _ in 0..<5 {
          try await remove("ines", world)
          try await until { try await world.members("lab") == ["ines", "jon"] }
          try await Task.sleep(for: .milliseconds(500))
        }
        try await quiet(world)
      }
    }

    @Test func `a directory that was away is listened to again`() async throws {
      try await withWorld(overlays: [.syncprov]) { world in
        try world.configure(more: hourly)
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        let loop = try world.bellhop.start(["run"])
        defer { loop.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines", "jon"] }
        try await quiet(world)

        await world.directory.stop()
        try await world.directory.start()
        try await remove("ines", world)
        try await until { try await world.members("lab") == ["ines", "jon"] }
        try await quiet(world)
        try await remove("jon", world)
        try await until { try await world.members("lab") == ["ines", "jon"] }

        loop.signal(SIGTERM)
        #expect(try await loop.answer().code == 0)
        #expect(try await world.directory.isLeftAlone())
      }
    }

    /// Waits until nobody searches any more: what we write must not ring for ever.
    private func quiet(_ world: World) async throws {
      try await until {
        let before = try await world.directory.count(of: ["Bind"])
        try await Task.sleep(for: .seconds(1))
        // Our own looking binds twice.
        return try await world.directory.count(of: ["Bind"]) - before <= 2
      }
    }

    private func remove(_ name: String, _ world: World) async throws {
      try await world.directory.modify(
        """
        dn: cn=lab,\(world.directory.groups)
        changetype: modify
        delete: member
        member: \(world.account(name))
        """)
    }
  }
}
