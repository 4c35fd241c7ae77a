import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct SettingAside {
    /// So many minutes from now, on a machine that was on all the time.
    private func apply(_ world: World, after minutes: Int) async throws -> Installation.Answer {
      try await world.bellhop.runInShell("exec faketime -f +\(minutes)m \"$BELLHOP\" apply")
    }

    @Test
    func `a target is set aside at the fifth failure, what has expired goes, a release lifts it`()
      async throws
    {
      try await withWorld { world in
        let old = [Record("ines", "Lab"), Record("jon", "Lab")]
        let new = ["kai", "lea", "mo"].map { Record($0, "Lab") }
        try world.write(old)
        try await world.bellhop.run("apply", exits: 0)
        let directory = world.directory
        let closed =
          "to dn.subtree=\"\(directory.groups)\" by dn.exact=\"\(directory.serviceDN)\" read "
          + "by * none"
        try await directory.configure(addingAccessRule: closed)
        try world.write(old + new)
        // Their accounts are made; the group refuses them. That is not yet a failure of the target.
        #expect(try await apply(world, after: 0).code == 4)
        for failure in 1...5 {
          let answer = try await apply(world, after: 16 * failure)
          #expect(answer.code == 4, "\(answer.everything)")
          #expect(
            answer.everything.contains("bellhop release corp") == (failure == 5), "\(failure)")
        }
        try await directory.configure("delete: olcAccess\nolcAccess: {0}")
        var over = old
        over[1].state = "expired"
        try world.write(over + new)
        let aside = try await apply(world, after: 81)
        #expect(aside.code == 4 && aside.output.contains("Set aside"), "\(aside.everything)")
        #expect(try await world.members("lab") == ["ines"])
        let released = try await world.bellhop.runInShell(
          "exec faketime -f +82m \"$BELLHOP\" release corp --reason mended")
        #expect(released.code == 0, "\(released.everything)")
        #expect(try await apply(world, after: 83).code == 0)
        #expect(try await world.members("lab") == ["ines", "kai", "lea", "mo"])
      }
    }
  }
}
