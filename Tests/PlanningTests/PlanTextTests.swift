import AccessModel
import ConnectorTesting
import Foundation
import Legibility
import Planning
import Testing

@Suite struct PlanTextTests {
  private let group: EntitlementKey = "cn=partner-eng,ou=groups,dc=example,dc=org"

  private func person(_ id: SubjectID, _ name: String) -> AccountReference {
    AccountReference(
      subject: id, displayName: name,
      identity: AccountIdentity(
        key: AccountKey("uid=\(id),ou=guests,dc=example,dc=org"), immutableID: "u-\(id)"))
  }

  private func reference(_ id: AssignmentID) -> AssignmentReference {
    AssignmentReference(source: "partners", id: id)
  }

  private var plan: Plan {
    let gone = ["s-301", "s-302", "s-303"].map { id in
      Change.removeMember(
        Membership(
          group: "cn=build,ou=groups,dc=example,dc=org", groupID: "u",
          account: person(SubjectID(id), "Guest \(id)")),
        because: .absent(
          reference(AssignmentID("asn-\(id)")), missingSince: World.day(-1),
          confirmed: World.now))
    }
    return Plan(
      target: "corp",
      changes: gone + [
        .createAccount(
          AccountReference(subject: "s-101", displayName: "Ada Lovelace", identity: nil),
          ["cn", "mail", "sn", "uid"].map {
            AttributeChange(name: $0, before: [], after: ["ada.fabrikam.example"])
          },
          because: Reason(assignments: [reference("asn-41")])),
        .updateAccount(
          person("s-102", "Grace Hopper"),
          [
            AttributeChange(
              name: "mail", before: ["grace@old.example"], after: ["grace@fabrikam.example"])
          ],
          because: Reason(assignments: [reference("asn-42")])),
        .addMember(
          Membership(
            group: group, groupID: "u",
            account: AccountReference(
              subject: "s-101", displayName: "Ada Lovelace", identity: nil)),
          because: Reason(assignments: [reference("asn-41")])),
        .addMember(
          Membership(group: group, groupID: "u", account: person("s-102", "Grace Hopper")),
          because: Reason(
            assignments: [reference("asn-42"), reference("asn-57")], repairsDrift: true)),
        .removeMember(
          Membership(group: group, groupID: "u", account: person("s-107", "Alan Turing")),
          because: .expired(reference("asn-12"), end: World.day(-1))),
        .disableAccount(
          person("s-107", "Alan Turing"), .set(["employeeType": ["disabled-guest"]]),
          because: .expired(reference("asn-12"), end: World.day(-1))),
      ],
      holds: [
        Hold(
          subject: "s-110",
          reason: "mappings/partners.yaml:14:12: [email] is missing, and uid needs it")
      ],
      findings: [
        .drift("the membership was removed", group: group, subject: "s-102"),
        .foreignMembers(
          group, count: 1, first: ["uid=mallory,ou=guests,dc=example,dc=org"]),
      ],
      sizes: Plan.Sizes(
        membersOfGroup: [group: 40, "cn=build,ou=groups,dc=example,dc=org": 5], accounts: 40,
        assignmentsOfSource: ["partners": 60]),
      naturalKeyAttribute: "uid")
  }

  @Test func `what waits for one source is one line, and all of it with --all and in JSON`() {
    var world = World()
    for subject in ["ada", "bob", "cy"] as [SubjectID] {
      world.addMember(subject)
      world.known.append(World.known(AssignmentID("a-\(subject)"), subject: subject))
    }
    world.reading = .failure(SourceError(source: "src", kind: .unavailable, message: "down"))
    let approved = Limits.standard.approve(world.plan, recent: [], now: world.now)
    let text = PlanText().render(approved)
    #expect(text.contains("= src  was not read: 3 membership(s), 3 account(s) wait for it"))
    #expect(!text.contains("a-ada"))
    let all = PlanText(linesPerSection: nil).render(approved)
    #expect(all.contains("src/a-ada was not read: down"))
    #expect(PlanReport(approved).holds.count == 6)
    #expect(PlanReport(approved).holds.allSatisfy { $0.source == "src" })
  }

  @Test func `a plan reads well on a terminal of 100 columns`() throws {
    let packages = [
      "asn-12": "Design Review", "asn-41": "Partner Engineering", "asn-42": "Partner Engineering",
      "asn-57": "Data Room", "asn-s-301": "Build", "asn-s-302": "Build", "asn-s-303": "Build",
    ]
    let text = PlanText { packages[$0.id.rawValue] }
      .render(Limits.standard.approve(plan, recent: [], now: World.now))
    try expectGolden(text, "plan.txt")
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func `the README shows that very plan`() throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent()
    let plan = try String(contentsOf: tests.appending(path: "Golden/plan.txt"), encoding: .utf8)
    let readme = try String(contentsOf: tests.appending(path: "../../README.md"), encoding: .utf8)
    #expect(readme.contains("```\n\(plan)```"))
  }

  @Test func `long sections are cut and say so`() {
    let text = PlanText(linesPerSection: 1).render(
      Limits.standard.approve(plan, recent: [], now: World.now))
    #expect(text.contains("… and 1 more; --all shows them"))
  }

  @Test func `whoever is enabled is shown with all that is set`() {
    let change = Change.enableAccount(
      person("s-1", "Ada"), .deactivate,
      [AttributeChange(name: "userName", before: ["other"], after: ["ada@x"])],
      because: Reason(assignments: [reference("asn-1")]))
    let text = PlanText().render(
      Limits.standard.approve(Plan(target: "wiki", changes: [change]), recent: [], now: World.now))
    #expect(text.contains("~ Ada  enable, set userName from 'other' to 'ada@x'; partners/asn-1"))
  }

  @Test func `a target that is as it should be says that`() {
    let text = PlanText().render(
      Limits.standard.approve(Plan(target: "corp", changes: []), recent: [], now: World.now))
    #expect(text == "corp: as it should be\n")
  }

  @Test(arguments: [
    ("a\u{1b}[31mb", "a\\u{1b}[31mb"), ("\u{202e}evil", "\\u{202e}evil"),
    ("x\ny", "x\\u{a}y"), ("Zoë Łukasz 王", "Zoë Łukasz 王"),
    ("zero\u{200b}width", "zero\\u{200b}width"),
  ])
  func `text from outside cannot move the cursor or hide`(text: String, shown: String) {
    #expect(visible(text) == shown)
  }
}

/// Compares with a file beside the test; `RECORD=1` writes it anew.
func expectGolden(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation,
  file: String = #filePath
) throws {
  let url = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden/\(name)")
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try text.write(to: url, atomically: true, encoding: .utf8)
  }
  let expected = try String(contentsOf: url, encoding: .utf8)
  #expect(text == expected, sourceLocation: sourceLocation)
}
