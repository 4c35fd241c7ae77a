import AccessModel
import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct OneSubject {
    private static let guests = (0..<60).map { "guest\($0)" }

    /// Sixty guests in the lab, two in the archive, one in the gate.
    private var records: [Record] {
      Self.guests.map { Record($0, "Lab") } + [
        Record("guest1", "Archive"), Record("guest2", "Archive"), Record("guest2", "Gate"),
      ]
    }

    /// What a plan says of one subject.
    private struct Part: Equatable {
      var changes: [JSON]
      var held: [JSON]
      var holds: [JSON]

      init(_ report: JSON, of subject: String) {
        let plan = report["targets"].items[0]["plan"]
        func own(_ list: JSON) -> [JSON] {
          list.items.filter { $0["subject"] == .text(subject) }.map { item in
            // Says when the source was read.
            guard item["cause"] == "absent", case .object(var members) = item else { return item }
            members["evidence"] = nil
            return .object(members)
          }
        }
        changes = own(plan["changes"])
        held = own(plan["heldByLimits"]["changes"])
        holds = own(plan["holds"])
      }
    }

    /// The subject's part of the plan of everything, which a plan for the subject alone equals, and how
    /// many entries the server sends for that.
    private func part(_ login: String, _ world: World) async throws -> (Part, cost: Int) {
      let subject = Record(login, "Lab").subject
      let whole = Part(
        try await world.bellhop.start(["plan", "--json"]).answer().json, of: subject)
      let before = try await sent(world)
      let answer = try await world.bellhop.start(["plan", "--subject", subject, "--json"]).answer()
      let cost = try await sent(world) - before
      let part = Part(try answer.json, of: subject)
      #expect(part == whole, "\(part), \(whole)")
      let changes = try answer.json["targets"].items[0]["plan"]["changes"].items
      #expect(changes.allSatisfy { $0["subject"] == .text(subject) || $0["subject"] == .null })
      return (whole, cost)
    }

    private func sent(_ world: World) async throws -> Int {
      try await world.directory.values(
        of: "monitorCounter", at: "cn=Entries,cn=Statistics,cn=Monitor"
      ).compactMap { Int($0) }.reduce(0, +)
    }

    private let few = 20

    @Test func `a plan for one subject is its part of the plan of everything, and reads no more`()
      async throws
    {
      try await withWorld { world in
        try world.configure(corp: world.directoryTarget(more: ", fullReading: PT0S"))
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        let (nothing, cost) = try await part("guest5", world)
        #expect(nothing.changes.isEmpty && cost < few, "\(cost)")

        try await edit(
          "cn=lab,\(world.directory.groups)", "delete: member",
          "member: \(world.account("guest6"))", world)
        let (drift, driftCost) = try await part("guest6", world)
        #expect(drift.changes.count == 1 && driftCost < few, "\(drift), \(driftCost)")

        try await edit(world.account("guest7"), "replace: mail", "mail: old@example.org", world)
        let (update, updateCost) = try await part("guest7", world)
        #expect(update.changes.count == 1 && updateCost < few, "\(update), \(updateCost)")

        // The last one leaves the gate, because its time is over.
        let over = Instant.wallClock.adding(.seconds(-60))
        var later = records
        later[62].end = over
        try world.write(later)
        let (last, lastCost) = try await part("guest2", world)
        #expect(last.changes.count == 1 && lastCost < few, "\(last), \(lastCost)")
        try await world.bellhop.run("apply", "--subject", "guest-guest2", exits: 0)
        #expect(try await world.members("gate") == [])
        #expect(try await world.members("archive") == ["guest1", "guest2"])
        #expect(try await world.members("lab").count == 59, "guest6 is not asked for")

        // Gone from all: the account goes as well.
        later[1].end = over
        later[60].end = over
        try world.write(later)
        let (ended, endedCost) = try await part("guest1", world)
        #expect(ended.changes.count == 3 && endedCost < few, "\(ended), \(endedCost)")

        // What the group memory knew of the others is still known.
        try await world.bellhop.run("apply", exits: 0)
        try await world.bellhop.run("plan", exits: 0)
      }
    }

    @Test func `what needs the whole picture gets it`() async throws {
      try await withWorld { world in
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        let directory = world.directory

        // New, and new with a name that somebody else has, whatever its case.
        try await directory.modify(
          "dn: \(world.account("TAKEN"))\nobjectClass: inetOrgPerson\ncn: T\nsn: T\n")
        let more = records + [Record("new", "Lab"), Record("taken", "Lab")]
        try world.write(more)
        let (new, cost) = try await part("new", world)
        #expect(new.changes.count == 2 && cost > 60, "\(new), \(cost)")
        #expect(try await part("taken", world).0.holds.count == 1)

        // Renamed; its name given away; and a second account with the anchor.
        try await directory.modify(
          "dn: \(world.account("guest8"))\nchangetype: modrdn\nnewrdn: uid=other\n"
            + "deleteoldrdn: 1\n\ndn: \(world.account("guest8"))\nchangetype: add\n"
            + "objectClass: inetOrgPerson\ncn: T\nsn: T\n")
        _ = try await part("guest8", world)
        try await edit(
          world.account("TAKEN"), "add: employeeNumber", "employeeNumber: guest-guest9", world)
        _ = try await part("guest9", world)
        try await edit(
          world.account("guest10"), "replace: employeeNumber", "employeeNumber: guest-9", world)
        #expect(try await !part("guest10", world).0.holds.isEmpty)
        try await directory.modify("dn: \(world.account("guest11"))\nchangetype: delete\n")
        let (gone, _) = try await part("guest11", world)
        #expect(!gone.changes.isEmpty)
      }
    }

    @Test func `limits that hold everybody hold one subject`() async throws {
      try await withWorld { world in
        try world.write(records)
        try await world.bellhop.run("apply", exits: 0)
        try world.write(Array(records.dropFirst(12)))
        let (held, _) = try await part("guest5", world)
        #expect(held.changes.isEmpty && held.held.count == 2, "\(held)")
        try await world.bellhop.run("apply", "--subject", "guest-guest5", exits: 3)
        #expect(try await world.members("lab").count == 60)
      }
    }

    private func edit(
      _ name: String, _ operation: String, _ value: String, _ world: World
    ) async throws {
      try await world.directory.modify(
        "dn: \(name)\nchangetype: modify\n\(operation)\n\(value)\n")
    }
  }
}
