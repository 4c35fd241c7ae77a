import AccessModel
import ConnectorTesting
import Planning
import Reconciling
import Testing

/// `bellhop why`: everything that bears on one subject.
struct ExplanationTests {
  private let partners = FakeSource(id: "partners")
  private let staff = FakeSource(id: "staff")
  private let target = InMemoryTarget(groups: ["cn=eng", "cn=ops"])
  private let connector: Connector

  init() throws {
    connector = try Connector(.init(sources: [partners, staff], targets: [target]))
    partners.answer([assignment("ada"), assignment("ada", "Canteen")])
    staff.answer([assignment("ada", "Operations", email: "ada@example.org"), assignment("bob")])
  }

  private func explain(_ subject: SubjectID) async throws -> Explanation {
    let reconciler = try connector.reconciler(try connector.store())
    let context = RunContext(run: "why", now: Connector.day(1))
    let readings = await reconciler.readSources(context)
    return try await reconciler.explain(subject, context, readings: readings)
  }

  @Test func `what a subject holds is told with its standing and what it maps to`() async throws {
    try await connector.apply(at: Connector.day(0))
    let told = try await explain("ada")
    #expect(
      told.assignments.map { "\($0.reference) \($0.mapsTo) \($0.standing == .live)" } == [
        "partners/Canteen-ada [] true",
        "partners/Engineering-ada [\"memory cn=eng\"] true",
        "staff/Operations-ada [\"memory cn=ops\"] true",
      ])
    #expect(told.memberships.map(\.group) == ["cn=eng", "cn=ops"])
    #expect(
      told.memberships.map { $0.because.map(\.description) } == [
        ["partners/Engineering-ada"], ["staff/Operations-ada"],
      ])
    #expect(told.accounts.map(\.account.origin) == [.created])
    #expect(told.plans[0].lines == [])
  }

  @Test func `a source that left the configuration is part of the answer`() async throws {
    try await connector.apply(at: Connector.day(0))
    connector.change { $0.sources = [staff] }
    let told = try await explain("ada")
    #expect(told.assignments.map(\.reference.source) == ["partners", "partners", "staff"])
    guard case .held = told.assignments[1].standing else {
      Issue.record("\(told.assignments[1].standing)")
      return
    }
  }

  @Test(arguments: [
    ("ada", ["ada"]), ("ADA@example.org", ["ada"]), ("nobody", []), ("bob", ["bob"]),
  ])
  func `a word finds its subjects by id, else by name or address`(
    word: String, found: [SubjectID]
  ) async throws {
    let reconciler = try connector.reconciler(try connector.store())
    let readings = await reconciler.readSources(RunContext(run: "why", now: Connector.day(0)))
    #expect(try await reconciler.subjects(named: word, in: readings) == found)
  }
}
