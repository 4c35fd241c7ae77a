import AccessModel
import Testing

@testable import AssignmentSources

struct JSONFileTests {
  @Test func `a list as Graph gives it is read whole`() async throws {
    let reading = try await read(fixture("graph-list.json"))
    #expect(reading.undecodable == [])
    #expect(reading.coverage == .complete)
    #expect(reading.assignments.map(\.id) == ["asn-40", "asn-41", "asn-42", "asn-43"])
    #expect(
      reading.assignments.map(\.state) == [.partiallyDelivered, .delivered, .delivered, .expired])
    #expect(
      reading.assignments.map { $0.validity.end?.description } == [
        nil, "2027-01-12T20:08:52.821678Z", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z",
      ])
    let packages = reading.assignments.map { reading.packages[Int($0.package)] }
    let engineering = AccessPackage(
      id: "a914", name: "Partner Engineering", catalog: "Partners")
    let wiki = AccessPackage(id: "b001", name: "Partner Wiki")
    #expect(packages == [engineering, engineering, wiki, wiki])
    #expect(reading.packages.count == 2)
  }

  @Test func `whatever is below target becomes an attribute`() async throws {
    let reading = try await read(fixture("graph-list.json"))
    let ada = reading.subjects[Int(reading.assignments[1].subject)]
    #expect(ada.id == "46184453-0000-4000-8000-00000000ada1")
    #expect(
      ada.attributes.dictionary == [
        "id": ["s-1"], "objectId": ["46184453-0000-4000-8000-00000000ada1"],
        "displayName": ["Ada Lovelace"], "principalName": ["ada_fabrikam.com#EXT#@contoso.com"],
        "email": ["ada@fabrikam.com"], "subjectType": ["user"], "isGuest": ["true"],
        "badge": ["1.50"], "phones": ["+44 1", "+44 2"], "connectedOrganization.id": ["org-1"],
        "connectedOrganization.displayName": ["Fabrikam"],
      ])
    #expect(reading.subjects.map(\.displayName).contains("Zoë 😀"))
    #expect(reading.subjects.count == 2)
  }

  @Test(arguments: [
    ("[]", Coverage.complete), ("{\"value\":[]}", .complete), ("\u{FEFF}[]", .complete),
    ("{\"@odata.count\":0,\"value\":[]}", .complete),
    ("{\"@odata.nextLink\":null,\"value\":[]}", .complete),
    (
      "{\"value\":[],\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/x\"}",
      .partial(reason: "it has an @odata.nextLink: it is one page of a longer list")
    ),
    (
      "{\"@odata.count\":2,\"value\":[]}",
      .partial(reason: "its @odata.count does not say 0, the number of its records")
    ),
    (
      "{\"value\":[],\"@odata.count\":\"0\"}",
      .partial(reason: "its @odata.count does not say 0, the number of its records")
    ),
  ])
  func `an empty list proves absence only if it is all there is`(
    text: String, coverage: Coverage
  ) async throws {
    let reading = try await read("a.json", text)
    #expect(reading.assignments.isEmpty)
    #expect(reading.coverage == coverage)
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    let change: (of: String, to: String)
    let field: String
    let reason: String

    init(_ old: String, _ new: String, _ field: String, _ reason: String) {
      change = (old, new)
      self.field = field
      self.reason = reason
    }

    var testDescription: String { "\(field) \(reason)" }
  }

  /// One record a line; the second is broken in some way.
  private static let start = "\"startDateTime\":\"2026-01-01T00:00:00Z\""
  private static let end = "\"endDateTime\":\"2026-12-31T00:00:00Z\""
  private static func record(_ number: Int) -> String {
    """
    {"id":"asn-\(number)","state":"delivered","schedule":{\(start),\
    "expiration":{"type":"afterDateTime",\(end)}},\
    "target":{"objectId":"u-\(number)","email":"u@x"},\
    "accessPackage":{"id":"p","displayName":"P"}}
    """
  }

  @Test(arguments: [
    Bad("\"id\":\"asn-2\",", "", "id", "is missing"),
    Bad("\"id\":\"asn-2\"", "\"id\":null", "id", "is missing"),
    Bad("\"id\":\"asn-2\"", "\"id\":7", "id", "a number where text is due"),
    Bad(
      "\"id\":\"asn-2\"", "\"id\":\"a\\u202Eb\"", "id",
      "holds U+202E, a control or an invisible character"
    ),
    Bad("\"state\":\"delivered\",", "", "state", "is missing"),
    Bad("delivered", "unknownFutureValue", "state", "'unknownFutureValue' is no known state"),
    Bad("\"delivered\"", "true", "state", "a boolean where text is due"),
    Bad("\"startDateTime\"", "\"begin\"", "schedule.startDateTime", "is missing"),
    Bad(
      "2026-01-01T00:00:00Z", "2026-02-29T00:00:00Z", "schedule.startDateTime",
      "'2026-02-29T00:00:00Z' is no RFC 3339 instant: month 2 of 2026 has 28 days"),
    Bad(
      "2026-12-31T00:00:00Z", "2026-12-31T00:00:00", "schedule.expiration.endDateTime",
      "'2026-12-31T00:00:00' is no RFC 3339 instant: the offset is missing; write 'Z' for UTC"),
    Bad(
      "2026-12-31T00:00:00Z", "2026-01-01T01:00:00+01:00", "schedule.expiration.endDateTime",
      "the end is not after the start"),
    Bad(
      "\"endDateTime\":\"2026-12-31T00:00:00Z\"", "\"endDateTime\":null",
      "schedule.expiration.endDateTime", "is missing"),
    Bad(
      "\"type\":\"afterDateTime\",\"endDateTime\":\"2026-12-31T00:00:00Z\"", "\"type\":null",
      "schedule.expiration.endDateTime",
      "is missing, and the expiration type is not noExpiration"),
    Bad(
      "\"type\":\"afterDateTime\",\"endDateTime\":\"2026-12-31T00:00:00Z\"",
      "\"type\":\"notSpecified\"", "schedule.expiration.endDateTime",
      "is missing, and the expiration type is not noExpiration"),
    Bad(
      "afterDateTime", "noExpiration", "schedule.expiration.type",
      "is noExpiration, yet an end is given"),
    Bad(
      "afterDateTime", "afterwards", "schedule.expiration.type",
      "'afterwards' is no known expiration type"),
    Bad("afterDateTime", "afterDuration", "schedule.expiration.duration", "is missing"),
    Bad(
      "\"type\":\"afterDateTime\",\"endDateTime\":\"2026-12-31T00:00:00Z\"",
      "\"type\":\"afterDuration\",\"duration\":\"30 days\"", "schedule.expiration.duration",
      "'30 days' is no ISO 8601 duration such as P30D"),
    Bad(
      "\"type\":\"afterDateTime\",\"endDateTime\":\"2026-12-31T00:00:00Z\"",
      "\"type\":\"afterDuration\",\"duration\":\"P9000Y\"", "schedule.expiration.duration",
      "ends after the year 9999"),
    Bad(
      "\"type\":\"afterDateTime\",\"endDateTime\":\"2026-12-31T00:00:00Z\"",
      "\"type\":\"afterDuration\",\"duration\":\"PT0S\"", "schedule.expiration.duration",
      "the end is not after the start"),
    Bad(
      "\"startDateTime\":\"2026-01-01T00:00:00Z\",\"expiration\":{\"type\":\"afterDateTime\"",
      "\"expiration\":{\"type\":\"afterDuration\",\"duration\":\"P1D\"", "schedule.startDateTime",
      "is missing"),
    Bad("\"schedule\":{", "\"schedule\":[{", "schedule", "a list where an object is due"),
    Bad(
      "\"objectId\":\"u-2\",", "", "target.objectId",
      "is missing, though the state is delivered"),
    Bad(
      "\"objectId\":\"u-2\"", "\"objectId\":2", "target.objectId", "a number where text is due"),
    Bad(
      "\"email\":\"u@x\"", "\"email\":[\"u@x\"]", "target.email", "a list where text is due"),
    Bad(
      "\"email\":\"u@x\"", "\"email\":false", "target.email", "a boolean where text is due"),
    Bad("\"displayName\":\"P\"", "\"name\":\"P\"", "accessPackage.displayName", "is missing"),
    Bad(
      "{\"id\":\"p\",\"displayName\":\"P\"}", "\"P\"", "accessPackage",
      "text where an object is due"),
  ])
  func `one record that cannot be understood grants nothing and stops nobody`(
    _ bad: Bad
  ) async throws {
    let broken = Self.record(2).replacing(bad.change.of, with: bad.change.to)
    #expect(broken != Self.record(2))
    let closed = broken.replacing("[{\"startDate", with: "[{\"startDate")
    let record =
      bad.field == "schedule"
      ? closed.replacing("}},\"target\"", with: "}}],\"target\"") : closed
    let reading = try await read(
      "partners.json", "[\n\(Self.record(1)),\n\(record),\n\(Self.record(3))]")
    #expect(reading.assignments.map(\.id) == ["asn-1", "asn-3"])
    let undecodable = try #require(reading.undecodable.first)
    #expect(undecodable.location == "partners.json:3")
    #expect(undecodable.field == bad.field)
    #expect(undecodable.reason == bad.reason)
    #expect(reading.undecodable.count == 1)
    #expect(!reading.coverage.isComplete)
  }

  @Test func `a record that is no object is undecodable`() async throws {
    let reading = try await read("a.json", "[\n7,\n\(Self.record(1)),[[{\"a\":1}]],null]")
    #expect(reading.assignments.map(\.id) == ["asn-1"])
    #expect(
      reading.undecodable.map(\.description) == [
        "a.json:2: record: a number where an object is due",
        "a.json:3: record: a list where an object is due",
        "a.json:3: record: null where an object is due",
      ])
  }

  @Test func `a repeated id makes every record with it undecodable`() async throws {
    let reading = try await read(
      "a.json", "[\(Self.record(1)),\n\(Self.record(2)),\n\(Self.record(1)),\n\(Self.record(1))]")
    #expect(reading.assignments.map(\.id) == ["asn-2"])
    #expect(
      reading.undecodable.map(\.description)
        == [1, 3, 4].map {
          "a.json:\($0): assignment asn-1 id: is repeated in lines 1, 3 and 1 more"
        })
  }

  @Test func `R4: on pages a record may come twice if it says the same, and else grants nothing`()
    throws
  {
    func read(_ records: String...) throws -> AssignmentReading {
      var decoder = GraphListDecoder(source: "graph", document: "assignments", places: .records)
      _ = try decoder.read(ByteInput(Array("[\(records.joined(separator: ","))]".utf8)))
      return decoder.finish(.complete)
    }
    let other = Self.record(1).replacing("u-1", with: "u-9")
    #expect(try read(Self.record(1), Self.record(1)).assignments.map(\.id) == ["asn-1"])
    let reading = try read(Self.record(1), other)
    #expect(reading.assignments.isEmpty)
    #expect(reading.undecodable.map(\.field) == ["id", "id"])
    #expect(!reading.coverage.isComplete)
  }

  @Test(arguments: ["expired", "deliveryFailed"])
  func `G7: a record that says it is over wins over one of the same id that grants`(state: String)
    async throws
  {
    let over = Self.record(1).replacing("delivered", with: state)
    for records in [[Self.record(1), over], [over, Self.record(1)]] {
      let reading = try await read("a.json", "[\(records.joined(separator: ",\n"))]")
      #expect(reading.assignments.map(\.state.rawValue) == [state])
      #expect(reading.undecodable.map(\.field) == ["id", "id"])
      #expect(!reading.coverage.isComplete)
    }
  }

  @Test(arguments: ["1", "1.0", "true", "null", "[\"u-1\"]", "{\"id\": \"u-1\"}"])
  func `G2: an id that is no text is nobody's`(value: String) async throws {
    let odd = Self.record(1).replacing("\"u-1\"", with: value)
    let reading = try await read("a.json", "[\(odd),\n\(Self.record(2))]")
    #expect(reading.assignments.map(\.id) == ["asn-2"])
    #expect(reading.undecodable.count == 1, "\(reading.undecodable)")
  }

  @Test func `an id that is undecodable once is not taken from its other record`() async throws {
    let broken = Self.record(1).replacing("delivered", with: "lost")
    let reading = try await read("a.json", "[\(Self.record(1)),\n\(broken)]")
    #expect(reading.assignments.isEmpty)
    #expect(reading.undecodable.map(\.field) == ["id", "state"])
  }

  @Test func `a subject with two addresses is taken from neither record`() async throws {
    let other = Self.record(2).replacing("u-2", with: "u-1").replacing("u@x", with: "v@x")
    let reading = try await read(
      "a.json", "[\(Self.record(1)),\n\(other),\n\(Self.record(3))]")
    #expect(reading.assignments.map(\.id) == ["asn-3"])
    #expect(
      reading.undecodable.map(\.description)
        == [1, 2].map {
          "a.json:\($0): assignment asn-\($0) target.email: "
            + "differs between the records of this objectId in lines 1, 2"
        })
  }

  @Test func `a record that is over needs no schedule and contradicts nobody`() async throws {
    let over =
      "{\"id\":\"asn-0\",\"state\":\"EXPIRED\",\"target\":{\"objectId\":\"u-1\","
      + "\"email\":\"former@x\"},\"accessPackage\":{\"displayName\":\"P\"}}"
    let reading = try await read("a.json", "[\(over),\n\(Self.record(1))]")
    #expect(reading.undecodable == [])
    let ended = try #require(reading.assignments.first)
    #expect(ended.state == .expired)
    let end = try #require(ended.validity.end)
    #expect(end <= ended.validity.start, "an empty span, in which it is never live")
    #expect(reading.subjects.map { $0.attributes["email"] } == [["u@x"]])
  }

  @Test(arguments: ["delivering", "deliveryFailed", "expired"])
  func `whoever has no objectId yet holds nothing and hinders nobody`(
    _ state: String
  ) async throws {
    let pending = Self.record(2).replacing("\"objectId\":\"u-2\",", with: "")
      .replacing("delivered", with: state)
    let reading = try await read("a.json", "[\(Self.record(1)),\(pending)]")
    #expect(reading.assignments.map(\.id) == ["asn-1"])
    #expect(reading.withoutSubject == ["asn-2": try #require(AssignmentState(wire: state))])
    #expect(reading.coverage == .complete)
  }

  @Test func `shuffled records give the same assignments`() async throws {
    let records = (1...9).map(Self.record)
    let sorted = try await read("a.json", "[\(records.joined(separator: ","))]")
    let shuffled = try await read("a.json", "[\(records.shuffled().joined(separator: ","))]")
    #expect(sorted.assignments.map(\.id) == shuffled.assignments.map(\.id))
    #expect(
      sorted.assignments.map { sorted.subjects[Int($0.subject)].id }
        == shuffled.assignments.map { shuffled.subjects[Int($0.subject)].id })
  }
}
