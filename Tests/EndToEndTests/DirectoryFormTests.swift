import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct DirectoryForms {
    struct Form: Sendable {
      let groups: String
      let attribute: String
      /// Each group's entry without its name.
      let entry: String
    }

    static let forms = [
      Form(
        groups: "objectClass: posixGroup", attribute: "memberUid",
        entry: "objectClass: posixGroup\ngidNumber: 7001\n"),
      Form(
        groups: "objectClass: groupOfUniqueNames, "
          + "emptyGroup: { placeholder: \"cn=nobody,dc=example,dc=org\" }",
        attribute: "uniqueMember",
        entry: "objectClass: groupOfUniqueNames\nuniqueMember: cn=nobody,dc=example,dc=org\n"),
    ]

    @Test(arguments: forms)
    func `groups of this class are filled, kept and emptied`(form: Form) async throws {
      let groups = World.groups.map {
        "dn: cn=\($0),ou=groups,dc=example,dc=org\ncn: \($0)\n\(form.entry)\n"
      }
      try await withWorld(groups: groups.joined()) { world in
        try world.configure(corp: world.directoryTarget(groups: form.groups))
        try world.write([Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab", form.attribute) == ["ines", "jon"])
        let before = try await world.snapshot()
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)

        try world.write([
          Record("ines", "Lab", state: "expired"), Record("jon", "Lab", state: "expired"),
          Record("kai", "Gate"),
        ])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab", form.attribute) == [])
        #expect(try await world.members("gate", form.attribute) == ["kai"])
        try await world.bellhop.run("plan", exits: 0)
        try world.write([Record("ines", "Lab"), Record("kai", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.members("lab", form.attribute) == ["ines"])
      }
    }

    @Test func `every safe way to a directory works`() async throws {
      try await withWorld(tls: true) { world in
        let directory = world.directory
        let tls = "tls: { caFile: \"\(directory.caFile)\" }"
        let ways = [
          world.directoryTarget(url: directory.tlsURL, more: ", \(tls)"),
          world.directoryTarget(
            more: ", tls: { caFile: \"\(directory.caFile)\", startTLS: true }"),
          world.directoryTarget(url: directory.socketURL, bind: "{ sasl: EXTERNAL }"),
          world.directoryTarget(url: directory.socketURL),
        ]
        var records: [Record] = []
        for (number, way) in ways.enumerated() {
          try world.configure(corp: way)
          records.append(Record("guest\(number)", "Lab"))
          try world.write(records)
          try await world.bellhop.run("apply", exits: 0)
          #expect(try await world.members("lab") == records.map(\.login))
        }
      }
    }
  }
}
