import AccessModel
import ConnectorTesting
import Testing

extension EndToEnd {
  @Suite struct SourceFaults {
    /// A broken source: what becomes of the file, and what Bellhop must say to it.
    struct Fault: Sendable {
      let name: String
      /// `nil` for no file at all.
      let text: String?
      let code: Int32
      let mentions: [String]
    }

    static let holders = ["ana", "ben", "cem", "dora"].map { Record($0, "Lab") }

    // An emptied list comes last: it proves absence, and what it proves stays held in later readings.
    static let csv: [Fault] = [
      Fault(name: "missing", text: nil, code: 69, mentions: ["guests.csv", "No such file"]),
      Fault(name: "empty", text: "", code: 65, mentions: ["guests.csv", "empty"]),
      Fault(
        name: "wrong header",
        text: Record.file("guests.csv", holders).replacing("endDateTime", with: "endsOn"),
        code: 65, mentions: ["guests.csv", "1:", "endDateTime"]),
      Fault(
        name: "bad date",
        text: Record.file("guests.csv", [holders[0], holders[1]])
          .replacing(
            "2026-01-05T08:00:00Z,,noExpiration,guest-ben",
            with: "2026-02-29T08:00:00Z,,noExpiration,guest-ben"),
        code: 4, mentions: ["guests.csv:3", "startDateTime"]),
      Fault(
        name: "end without an offset",
        text: Record.file("guests.csv", [holders[0]])
          .replacing(",,noExpiration", with: ",2027-01-01T00:00:00,afterDateTime"),
        code: 4, mentions: ["guests.csv:2", "endDateTime"]),
      Fault(
        name: "unknown state", text: Record.file("guests.csv", [Record("ana", "Lab", state: "x")]),
        code: 4, mentions: ["guests.csv:2", "state"]),
      Fault(
        name: "repeated id", text: Record.file("guests.csv", [holders[0], holders[0]]), code: 4,
        mentions: ["assignmentId", "lines 2, 3"]),
      Fault(
        name: "open quote", text: Record.file("guests.csv", holders) + "\"x", code: 65,
        mentions: ["guests.csv"]),
      Fault(
        name: "not UTF-8 text", text: "\u{0}\u{1}\u{2}", code: 65, mentions: ["guests.csv"]),
      Fault(
        name: "emptied list", text: Record.header, code: 3,
        mentions: ["source desk", "no assignment", "bellhop approve"]),
    ]

    static let json: [Fault] = [
      Fault(name: "missing", text: nil, code: 69, mentions: ["guests.json", "No such file"]),
      Fault(name: "empty", text: "", code: 65, mentions: ["guests.json", "empty"]),
      Fault(
        name: "truncated", text: String(Record.file("guests.json", holders).dropLast(40)),
        code: 65, mentions: ["guests.json", "not well-formed"]),
      Fault(
        name: "no list", text: #"{"error": {"code": "Forbidden"}}"#, code: 65,
        mentions: ["guests.json"]),
      Fault(
        name: "first page of many",
        text: Record.file("guests.json", [holders[0]])
          .replacing(#"{"value""#, with: #"{"@odata.nextLink": "https://x/2", "value""#),
        code: 4, mentions: ["nextLink"]),
      Fault(
        name: "no expiration type",
        text: Record.file("guests.json", [holders[0]])
          .replacing(#""type": "noExpiration", "#, with: ""),
        code: 4, mentions: ["guests.json:1", "endDateTime"]),
      Fault(
        name: "emptied list", text: #"{"value": []}"#, code: 3,
        mentions: ["source desk", "no assignment", "bellhop approve"]),
    ]

    @Test(arguments: [csv, json])
    func `a broken source removes nothing and is named`(faults: [Fault]) async throws {
      let source = faults[0].mentions[0]
      try await withWorld(source: source) { world in
        try world.write(Self.holders)
        try await world.bellhop.run("apply", exits: 0)
        let before = try await world.snapshot()
        for fault in faults {
          if let text = fault.text {
            try world.bellhop.write(text, to: source)
          } else {
            try world.bellhop.delete(source)
          }
          for command in ["plan", "apply"] {
            let answer = try await world.bellhop.run(command, exits: fault.code)
            for mention in fault.mentions {
              #expect(answer.everything.contains(mention), "\(fault.name): \(answer.everything)")
            }
          }
          #expect(try await world.snapshot() == before, "\(fault.name)")
        }
        try world.write(Self.holders)
        try await world.bellhop.run("apply", exits: 0)
        #expect(try await world.snapshot() == before)
      }
    }

    @Test func `a bad record holds removals and delays nothing else`() async throws {
      try await withWorld { world in
        try world.write([Record("ana", "Lab"), Record("ben", "Lab"), Record("cem", "Gate")])
        try await world.bellhop.run("apply", exits: 0)
        // Ana's record is bad, Ben's is gone, Cem's is revoked, Dora's is new.
        try world.write([
          Record("ana", "Lab", state: "nonsense"), Record("cem", "Gate", state: "expired"),
          Record("dora", "Archive"),
        ])
        let answer = try await world.bellhop.run("apply", exits: 4)
        #expect(answer.errors.contains("guests.csv:2"))
        #expect(try await world.members("lab") == ["ana", "ben"])
        #expect(try await world.members("gate") == [])
        #expect(try await world.members("archive") == ["dora"])
      }
    }
  }
}
