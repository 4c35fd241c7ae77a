import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  @Suite struct Commands {
    @Test func `wrong usage exits 64 and writes nothing`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let wrong = [
          [], ["frobnicate"], ["apply", "--frob"], ["apply", "extra"],
          ["plan", "--target", "nowhere"],
          ["plan", "--as-of", "tomorrow"], ["plan", "--as-of", "2027-02-29T00:00:00Z"], ["why"],
          ["approve", "12", "--reason", "x"], ["approve"],
          ["adopt", "nowhere", "--reason", "x"], ["adopt"], ["history", "--limit", "many"],
          ["apply", "--log-level", "loud"],
        ]
        for arguments in wrong {
          let answer = try await world.bellhop.start(arguments).answer()
          #expect(answer.code == 64, "\(arguments): \(answer.errors)")
          #expect(answer.output.isEmpty && !answer.errors.isEmpty, "\(arguments)")
        }
        #expect(!FileManager.default.fileExists(atPath: world.bellhop.state.path))
        #expect(try await world.bellhop.start(["--help"]).answer().code == 0)
        #expect(try await world.bellhop.start(["--version"]).answer().code == 0)
      }
    }

    /// A slip in a file: what stands there instead, and what must be said.
    struct Slip: Sendable {
      let file: String
      let right: String
      let wrong: String
      let mentions: [String]

      init(_ file: String, _ right: String, _ wrong: String, _ mentions: String...) {
        (self.file, self.right, self.wrong, self.mentions) = (file, right, wrong, mentions)
      }
    }

    static let slips: [Slip] = [
      Slip("bellhop.yaml", "mappings:", "mapings:", "bellhop.yaml:3:1", "'mappings'"),
      Slip("bellhop.yaml", "path:", "pth:", "bellhop.yaml:5:", "'path'"),
      Slip("bellhop.yaml", "kind: ldap", "kind: ldpa", "bellhop.yaml:7:", "'ldap'"),
      Slip("bellhop.yaml", "interval: PT1S", "interval: 1s", "bellhop.yaml:5:", "PT15M"),
      Slip("bellhop.yaml", "version: 1", "version: 2", "bellhop.yaml:1:"),
      Slip("bellhop.yaml", "state: state", "state: &s state", "bellhop.yaml:2:"),
      Slip(
        "bellhop.yaml", "state: state", "state: state\nstate: other", "bellhop.yaml:2:1", "twice"),
      Slip("bellhop.yaml", "{ file: corp.secret }", "hunter2", "bellhop.yaml:7:", "0600"),
      Slip("bellhop.yaml", "ldap://127.0.0.1", "ldap://directory.example", "bellhop.yaml:7:"),
      Slip("bellhop.yaml", "version: 1", "version: 1\n\tx", "bellhop.yaml:2:"),
      Slip(
        "mappings/guests.yaml", "accessPackage: Lab", "acessPackage: Lab", "guests.yaml:3:5",
        "'accessPackage'"),
      Slip(
        "mappings/guests.yaml", "target: corp, group", "target: crop, group", "guests.yaml:5:",
        "'corp'"),
      Slip("mappings/guests.yaml", "'[email]'", "'ToLowr([email])'", "guests.yaml:", "ToLower"),
      Slip("mappings/guests.yaml", "'[email]'", "'ToLower([email]'", "guests.yaml:"),
      Slip("mappings/guests.yaml", "cn=lab,ou=groups", "cn=lab,ou=elsewhere", "guests.yaml:5:"),
      Slip("mappings/guests.yaml", "uid: '[login]'", "x: '[login]'", "guests.yaml:", "'uid'"),
      Slip("mappings/guests.yaml", "mail: ", "userPassword: ", "guests.yaml:", "password"),
    ]

    @Test func `a slip in a file exits 78, says where and what was meant, and changes nothing`()
      async throws
    {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        for slip in Self.slips {
          let path = world.bellhop.path(slip.file)
          let text = try String(contentsOfFile: path, encoding: .utf8)
          #expect(text.contains(slip.right), "\(slip)")
          let place = text.firstRange(of: slip.right) ?? text.startIndex..<text.startIndex
          try world.bellhop.write(
            text.replacingCharacters(in: place, with: slip.wrong), to: slip.file)
          for command in ["validate", "apply"] {
            let answer = try await world.bellhop.run(command, exits: 78)
            for mention in slip.mentions {
              #expect(answer.errors.contains(mention), "\(slip): \(answer.errors)")
            }
            #expect(answer.output.isEmpty)
            #expect(!answer.errors.contains("hunter2"))
          }
          try world.bellhop.write(text, to: slip.file)
        }
        try await world.bellhop.run("validate", exits: 0)
        #expect(try await !world.directory.exists(world.account("ines")))
        #expect(!FileManager.default.fileExists(atPath: world.bellhop.state.path))

        try world.bellhop.delete("bellhop.yaml")
        try await world.bellhop.run("plan", exits: 78)
      }
    }

    @Test func `a second run exits 75 and says who is at work`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let first = try world.bellhop.start(["run"])
        defer { first.signal(SIGKILL) }
        try await until { try await world.members("lab") == ["ines"] }
        let second = try await world.bellhop.run("apply", exits: 75)
        #expect(second.errors.contains("bellhop run"))
        try await world.bellhop.run("plan", exits: 0)
        try await world.bellhop.run("status", exits: 0)
        first.signal(SIGKILL)
        _ = try await first.answer()
        try await world.bellhop.run("apply", exits: 0)
      }
    }

    @Test func `standard output holds one JSON document and nothing else`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([
          Record("ines", "Lab"), Record("jon", "Gate"), Record("kai", "Unknown"),
          Record("lea", "Lab", state: "nonsense"),
        ])
        let plan = try await world.bellhop.run("plan", "--json", exits: 2).json
        #expect(plan["version"] == 1 && plan["command"] == "plan" && plan["exitCode"] == 2)
        #expect(plan["run"] == .null)
        #expect(plan["now"].text?.hasSuffix("Z") == true)
        #expect(plan["unmappedPackages"] == .list(["Unknown"]))
        let source = plan["sources"].items[0]
        #expect(source["source"] == "desk" && source["coverage"] == "partial")
        #expect(source["assignments"] == 3 && source["live"] == 3)
        #expect(
          source["undecodable"].items[0].names == ["location", "field", "reason", "assignment"])
        let corp = plan["targets"].items[0]
        #expect(corp["target"] == "corp" && corp["outcomes"] == .null)
        let changes = corp["plan"]["changes"].items
        #expect(
          changes.map { $0["kind"].text } == [
            "createAccount", "createAccount", "addMember", "addMember",
          ])
        #expect(
          changes[0]["subject"] == "guest-ines" && changes[0]["displayName"] == "Ines Example")
        #expect(changes[0]["attributes"].items[0].names == ["name", "before", "after"])
        #expect(changes[2]["group"].text?.hasPrefix("cn=gate") == true)
        #expect(changes[2]["because"] == .list(["desk/jon-gate"]))
        #expect(corp["plan"]["digest"].text?.count == 16)
        #expect(corp["plan"].names.isSuperset(of: ["target", "holds", "findings"]))

        let apply = try await world.bellhop.run("apply", "--json", exits: 4).json
        #expect(apply["command"] == "apply" && apply["exitCode"] == 4)
        let run = try #require(apply["run"].text)
        let outcomes = apply["targets"].items[0]["outcomes"].items
        #expect(outcomes.map { $0["outcome"] } == ["applied", "applied", "applied", "applied"])

        let status = try await world.bellhop.run("status", "--json", exits: 0).json
        #expect(status["version"] == 1 && status["lastRun"]["id"] == .text(run))
        #expect(status["targets"].items.map { $0["memberships"] } == [2, 1])

        let why = try await world.bellhop.run("why", "Ines Example", "--json", exits: 0).json
        #expect(why["subject"] == "guest-ines")
        #expect(why["assignments"].items[0]["assignment"] == "desk/ines-lab")
        #expect(why["memberships"].items.count == 2 && why["accounts"].items.count == 2)
        let narrow = try await world.bellhop.run(
          "why", "guest-ines", world.group("lab"), "--json", exits: 0
        ).json
        #expect(narrow["memberships"].items.map { $0["target"] } == ["corp"])
        try await world.bellhop.run("why", "nobody at all", "--json", exits: 65)

        let history = try await world.bellhop.run("history", "--json", exits: 0).json
        #expect(history.items.count == 7)
        #expect(history.items.allSatisfy { $0["run"] == .text(run) && $0["outcome"] == "applied" })
        let runs = try await world.bellhop.run("history", "--runs", "--json", exits: 0).json
        #expect(runs.items.count == 1)
        #expect(try await world.bellhop.run("validate", "--json", exits: 0).json["version"] == 1)
      }
    }

    @Test func `one target, one guest or one package is applied alone`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Gate")])
        try await world.bellhop.run("apply", "--target", "wiki", exits: 0)
        #expect(try await world.wiki?.members("Lab") == ["ines", "jon"])
        #expect(try await !world.directory.exists(world.account("ines")))
        try await world.bellhop.run("apply", "--subject", "guest-jon", exits: 0)
        #expect(try await world.members("lab") == ["jon"])
        #expect(try await !world.directory.exists(world.account("ines")))
        try await world.bellhop.run("apply", "--package", "Gate", exits: 0)
        #expect(try await world.members("gate") == ["kai"])
        #expect(try await world.members("lab") == ["jon"])
        for (flag, name) in [("--subject", "guest-joan"), ("--package", "Gait")] {
          let answer = try await world.bellhop.run("plan", flag, name, exits: 65)
          #expect(answer.errors.contains(name))
        }
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }
  }
}

/// Waits for something to come true.
func until(
  for limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let end = clock.now + limit
  while clock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("it did not come true within \(limit)", sourceLocation: sourceLocation)
}
