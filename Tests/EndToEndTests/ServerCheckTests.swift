import ConnectorTesting
import Testing

extension EndToEnd {
  /// `plan --server-check`: what the directory says of a plan before anything is written.
  @Suite struct ServerCheckOfPlans {
    private func check(
      _ world: World, exits code: Int32, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (text: Installation.Answer, json: JSON) {
      let before = try await world.directory.contents()
      let text = try await world.bellhop.run(
        "plan", "--server-check", exits: code, sourceLocation: sourceLocation)
      let json = try await world.bellhop.run(
        "plan", "--server-check", "--json", exits: code, sourceLocation: sourceLocation
      ).json
      #expect(try await world.directory.contents() == before, sourceLocation: sourceLocation)
      return (text, json)
    }

    @Test func `the directory is asked about a plan, and what it would refuse stands beside it`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ada", "Lab")])
        // Nobody has an account yet, so nothing proves that the database knows its attributes.
        let first = try await check(world, exits: 2)
        let corp = first.json["targets"].items[0]["serverCheck"]
        #expect(corp["accepted"] == 0 && corp["refused"].items.isEmpty)
        #expect(corp["notAsked"].items.count == 2)
        #expect(corp["notAsked"].items[0]["changes"].items[0]["kind"] == "createAccount")
        #expect(first.text.errors.contains("corp: asked its server: 2 not asked"))
        let wiki = first.json["targets"].items[1]["serverCheck"]
        #expect(!wiki["notAsked"].items.isEmpty && wiki["accepted"] == 0)
        #expect(first.text.errors.contains("wiki: not asked of"))

        try await world.bellhop.run("apply", exits: 0)
        try world.write([Record("ada", "Lab"), Record("ada", "Gate"), Record("bob", "Lab")])
        let second = try await check(world, exits: 2)
        #expect(second.json["targets"].items[0]["serverCheck"]["accepted"] == 2)
        #expect(
          second.text.errors.contains("corp: asked its server: 2 would be taken, 1 not asked"))

        try await world.directory.configure(
          addingAccessRule: "to dn.exact=\"\(world.group("gate"))\" attrs=member by * read")
        let third = try await check(world, exits: 4)
        let refusal = third.json["targets"].items[0]["serverCheck"]["refused"].items[0]
        #expect(refusal["change"]["kind"] == "addMember")
        let wayOut = try #require(refusal["wayOut"].text)
        #expect(wayOut.contains("let '\(world.directory.serviceDN)' write"))
        let lines = third.text.output.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(
          lines.firstIndex { $0.contains("+ Ada Example") && $0.contains("Gate") })
        #expect(lines[row + 1].contains("! the server would refuse it: Insufficient access (50)"))
        // Without the question it is a plan like any other.
        let plain = try await world.bellhop.run("plan", "--json", exits: 2).json
        #expect(plain["targets"].items[0]["serverCheck"] == .null)
      }
    }
  }
}
