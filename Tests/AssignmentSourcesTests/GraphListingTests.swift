import AccessModel
import AssignmentSources
import ConnectorTesting
import Testing

@Suite struct GraphListingTests {
  @Test(arguments: [
    #"{"pageSize":100}"#, #"{"pageSize":3}"#, #"{"pageSize":3,"emptyPages":true}"#,
    #"{"pageSize":1}"#, #"{"pageSize":4,"refusesCount":true}"#,
    #"{"pageSize":4,"needsPackageFilter":true,"accessPackages":[{"id":"p-lab"},{"id":"p-no"}]}"#,
    #"{"pageSize":3,"tokenUses":2}"#,
  ])
  func `R2: every page is read to the last one, however the list is cut`(world: String)
    async throws
  {
    try await withGraphWorld(world, records: GraphWorld.records(10)) { world in
      let reading = try await world.read()
      #expect(reading.coverage == .complete)
      #expect(reading.ids == GraphWorld.records(10).map(\.id))
      #expect(reading.subjects.count == 10)
      #expect(reading.packages == [AccessPackage(id: "p-lab", name: "Lab")])
    }
  }

  @Test(arguments: [
    (#"{"pageSize":3,"countLie":1}"#, "counts 11"),
    (#"{"pageSize":3,"countLie":-1}"#, "counts 9"),
    (#"{"pageSize":3,"insertAfterPage":2}"#, "counts 10 assignments and lists 11"),
    (#"{"pageSize":3,"removeAfterPage":2}"#, "counts 10 assignments and lists 9"),
    (#"{"pageSize":3,"insertAfterPage":2,"refusesCount":true}"#, "came twice"),
    (#"{"pageSize":3,"loopAfterPage":2}"#, "leads back"),
    (#"{"pageSize":3,"linkHosts":{"2":"http://127.0.0.2:9"}}"#, "leads to http://127.0.0.2:9"),
    (#"{"pageSize":3,"linkHosts":{"2":"http://127.0.0.1:9"}}"#, "leads to http://127.0.0.1:9"),
    (#"{"pageSize":3,"linkHosts":{"2":"ftp://elsewhere"}}"#, "no absolute URL"),
    (
      #"{"pageSize":3,"faults":[{"path":"assignments","after":2,"times":99,"status":500}]}"#,
      "status 500"
    ),
    (
      #"{"pageSize":3,"faults":[{"path":"assignments","after":2,"times":99,"status":"drop"}]}"#,
      "page 3"
    ),
    (
      #"{"pageSize":3,"faults":[{"path":"assignments","after":2,"times":99,"status":"text","body":"{\"value\":[{}"}]}"#,
      "not well-formed"
    ),
    (
      #"{"pageSize":3,"faults":[{"path":"assignments","after":2,"times":99,"status":403,"code":"AccessDenied"}]}"#,
      "EntitlementManagement.Read.All"
    ),
  ])
  func `R2: a list that breaks off, moves or miscounts is partial and says why`(
    world: String, reason: String
  ) async throws {
    try await withGraphWorld(world, records: GraphWorld.records(10)) { world in
      let reading = try await world.read()
      #expect(reading.shortfall?.contains(reason) == true, "\(reading.coverage)")
      #expect(reading.ids.count >= 5)
    }
  }

  @Test(arguments: [
    (#"{"faults":[{"path":"assignments","times":2,"status":503}]}"#, [1, 2]),
    (
      #"{"faults":[{"path":"assignments","times":2,"status":429,"headers":{"Retry-After":7}}]}"#,
      [7, 7]
    ),
    (#"{"faults":[{"path":"assignments","times":4,"status":429}]}"#, [1, 2, 4, 8]),
    (#"{"faults":[{"path":"assignments","times":1,"status":"cut"}]}"#, [1]),
    (#"{"faults":[{"path":"token","times":1,"status":503}]}"#, [1]),
  ])
  func `what passes by waiting is waited for`(world: String, pauses: [Int]) async throws {
    try await withGraphWorld(world, records: GraphWorld.records(3)) { world in
      let reading = try await world.read()
      #expect(reading.coverage == .complete)
      #expect(world.clock.slept == pauses.map { .seconds($0) })
    }
  }

  @Test func `the budget of a reading ends its waiting, and what was read is partial`() async throws
  {
    let fault =
      #"{"path":"assignments","after":1,"times":99,"status":429,"headers":{"Retry-After":100}}"#
    try await withGraphWorld(
      #"{"pageSize":3,"faults":[\#(fault)]}"#, records: GraphWorld.records(10)
    ) { world in
      let reading = try await world.read()
      #expect(reading.shortfall?.contains("come back in 100 s") == true)
      #expect(reading.shortfall?.contains("the 300 s of one reading") == true)
      #expect(world.clock.slept == [.seconds(100), .seconds(100), .seconds(100)])
    }
  }

  @Test(arguments: [
    (#"{"down":500}"#, "no token: 500"), (#"{"clientSecret":"other"}"#, "AADSTS7000215"),
    (#"{"clientID":"other"}"#, "no application with this clientID"),
    (
      #"{"faults":[{"path":"assignments","times":99,"status":403,"code":"AccessDenied"},{"path":"accessPackages","times":99,"status":403}]}"#,
      "licences"
    ),
    (#"{"faults":[{"path":"assignments","times":99,"status":401}]}"#, "not even a new one"),
  ])
  func `what cannot be read at all throws, with Graph's words and the way out`(
    world: String, words: String
  ) async throws {
    try await withGraphWorld(world, records: GraphWorld.records(3)) { world in
      let error = await #expect(throws: SourceError.self) { try await world.read() }
      #expect(error?.message.contains(words) == true, "\(String(describing: error))")
      #expect(error?.message.contains("open sesame") == false)
    }
  }

  @Test func `a first page that is no list is malformed`() async throws {
    let world = #"{"faults":[{"path":"assignments","times":9,"status":"text","body":"<html>"}]}"#
    try await withGraphWorld(world) { world in
      let error = await #expect(throws: SourceError.self) { try await world.read() }
      #expect(error?.kind == .malformed)
    }
  }

  @Test func `a tenant that lists nothing is an empty complete reading`() async throws {
    try await withGraphWorld { world in
      let reading = try await world.read()
      #expect(reading.coverage == .complete && reading.assignments.isEmpty)
    }
  }

  @Test func `one access package that fails leaves the others readable`() async throws {
    let fault = #"{"path":"assignments","after":1,"times":99,"status":404}"#
    let packages = #"[{"id":"p-lab"},{"id":"p-gone"}]"#
    try await withGraphWorld(
      #"{"accessPackages":\#(packages),"faults":[\#(fault)]}"#, records: GraphWorld.records(3)
    ) { world in
      let reading = try await world.read { $0.scope = .packages(["p-lab", "p-gone"]) }
      #expect(reading.ids.count == 3)
      #expect(reading.shortfall?.contains("access package 'p-gone'") == true)
    }
  }

  @Test func `states narrow the lists, and each is filtered as Graph documents it`() async throws {
    var records = GraphWorld.records(3)
    records[0].state = "Expired"
    try await withGraphWorld(records: records) { world in
      let reading = try await world.read {
        $0.states = [.delivered, .partiallyDelivered]
        $0.scope = .packages(["p-lab"])
      }
      #expect(reading.ids == ["a-1002", "a-1003"])
      let filters = try await world.graph.requests().compactMap { $0.query["$filter"] }
      #expect(
        filters == [
          "accessPackage/id eq 'p-lab' and state eq 'delivered'",
          "accessPackage/id eq 'p-lab' and state eq 'partiallyDelivered'",
        ])
    }
  }

  @Test func `the request is the one that the documentation shows`() async throws {
    try await withGraphWorld { world in
      _ = try await world.read()
      let request = try #require(try await world.graph.requests().last)
      #expect(
        request.raw == "/v1.0/identityGovernance/entitlementManagement/assignments"
          + "?$expand=target,accessPackage,assignmentPolicy&$count=true")
      #expect(request.hasToken)
      _ = try await world.read {
        $0.readsCatalogs = true
        $0.attributes = ["connectedOrganization.displayName"]
      }
      let expand = try await world.graph.requests().last?.query["$expand"]
      #expect(
        expand
          == "target($expand=connectedOrganization),accessPackage($expand=catalog),assignmentPolicy"
      )
    }
  }

  @Test func `R4: records that cannot be understood are named, and the others are taken`()
    async throws
  {
    var records = GraphWorld.records(8)
    records[0].schedule = "null"
    records[1].schedule = #"{"startDateTime":"2026-01-01T00:00:00Z","expiration":null}"#
    records[2].state = "suspended"
    records[3].schedule =
      #"{"startDateTime":"2026-01-31T00:00:00Z","expiration":{"type":"afterDuration","duration":"P30D","endDateTime":null}}"#
    records[4].state = "delivering"
    records[4].hasObjectID = false
    records[5].state = "expired"
    records[5].schedule = "null"
    records[6].end = nil
    try await withGraphWorld(records: records) { world in
      let reading = try await world.read()
      #expect(
        reading.undecodable.map(\.description) == [
          "assignments:1: assignment a-1001 schedule.startDateTime: is missing",
          "assignments:2: assignment a-1002 schedule.expiration.endDateTime: is missing, and the expiration type is not noExpiration",
          "assignments:3: assignment a-1003 state: 'suspended' is no known state",
        ])
      #expect(reading.ids == ["a-1004", "a-1006", "a-1007", "a-1008"])
      #expect(reading.withoutSubject == [AssignmentID("a-1005"): .delivering])
      #expect(reading.shortfall == "3 undecodable record(s)")
    }
  }

  @Test func `a claims challenge is answered with a token that has the claims`() async throws {
    let claims = #"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#
    try await withGraphWorld(#"{"claims":\#(claims)}"#, records: GraphWorld.records(3)) { world in
      let reading = try await world.read()
      #expect(reading.coverage == .complete)
      let paths = try await world.graph.requests().map { $0.path.split(separator: "/").last ?? "" }
      #expect(paths == ["token", "assignments", "token", "assignments"])
    }
  }
}
