import AccessModel
import AssignmentSources
import Testing

struct CSVFileTests {
  private static let header =
    "assignmentId,accessPackage,state,startDateTime,endDateTime,expirationType,objectId,email"
  private static func row(_ number: Int) -> String {
    "asn-\(number),P,delivered,2026-01-01T00:00:00Z,2026-12-31T00:00:00Z,,u-\(number),u@x"
  }

  @Test func `quotes, line ends, a byte order mark and further columns are understood`()
    async throws
  {
    let reading = try await read(fixture("guests.csv"))
    #expect(reading.undecodable == [])
    #expect(reading.coverage == .complete)
    #expect(reading.assignments.map(\.id) == ["asn-1", "asn-2", "asn-3"])
    #expect(
      reading.assignments.map(\.validity.end?.description).prefix(2) == [
        nil, "2026-12-31T00:00:00Z",
      ])
    let second = reading.assignments[1]
    #expect(
      reading.packages[Int(second.package)]
        == AccessPackage(id: "p-1", name: "Partner \"Core\", EU", catalog: "Partners"))
    #expect(
      reading.subjects[Int(second.subject)].attributes.dictionary == [
        "objectId": ["u-1"], "displayName": ["Ada\r\nLovelace"], "email": ["ada@fabrikam.com"],
        "connectedOrganization.displayName": ["Fabrikam"], "department": ["R&D, London"],
      ])
    #expect(
      reading.subjects[Int(reading.assignments[0].subject)].attributes.dictionary
        == ["objectId": ["u-2"], "displayName": ["Zoë"]])
  }

  @Test(arguments: [
    ("asn-2", "", "assignmentId", "is missing"),
    (",P,", ",,", "accessPackage", "is missing"),
    ("delivered", "active", "state", "'active' is no known state"),
    ("2026-01-01T00:00:00Z", "", "startDateTime", "is missing"),
    (
      "2026-12-31T00:00:00Z", "31.12.2026", "endDateTime",
      "'31.12.2026' is no RFC 3339 instant: the year needs 4 digits"
    ),
    (
      "2026-12-31T00:00:00Z", "", "endDateTime",
      "is missing, and the expiration type is not noExpiration"
    ),
    (
      "31T00:00:00Z,", "31T00:00:00Z,noExpiration", "expirationType",
      "is noExpiration, yet an end is given"
    ),
    ("u-2", "", "objectId", "is missing, though the state is delivered"),
    (",u@x", "", "row", "has 7 cells where the header has 8"),
    (",u@x", ",u@x,", "row", "has 9 cells where the header has 8"),
  ])
  func `one row that cannot be understood grants nothing and stops nobody`(
    old: String, new: String, field: String, reason: String
  ) async throws {
    let broken = Self.row(2).replacing(old, with: new)
    let reading = try await read(
      "g.csv", [Self.header, Self.row(1), broken, Self.row(3)].joined(separator: "\n"))
    #expect(reading.assignments.map(\.id) == ["asn-1", "asn-3"])
    #expect(reading.undecodable.map(\.location) == ["g.csv:3"])
    #expect(reading.undecodable.map(\.field) == [field])
    #expect(reading.undecodable.map(\.reason) == [reason])
  }

  @Test func `lines are counted through quoted line ends`() async throws {
    let reading = try await read(
      "g.csv", "\(Self.header)\n\(Self.row(1).replacing("u@x", with: "\"a\n\nb\""))\n,,\n")
    #expect(reading.undecodable.map(\.location) == ["g.csv:5"])
  }

  @Test(arguments: [
    ("", "is empty; a source without assignments holds an empty list"),
    ("\n\n", "is not well-formed at 2:1: there is no header row"),
    (
      "assignmentId,state,objectId,startDateTime\n",
      "is not well-formed at 1:1: the header row lacks accessPackage, endDateTime"
    ),
    (
      header.replacing(",", with: ";"),
      "is not well-formed at 1:1: the header row lacks assignmentId, accessPackage, state, "
        + "startDateTime, endDateTime, objectId; columns are separated by commas"
    ),
    (
      "\(header),email,state\n",
      "is not well-formed at 1:1: the header row repeats 'email', 'state'"
    ),
    ("\(header),\n", "is not well-formed at 1:1: a column has no name"),
    (
      "\(header)\nasn-1,\"P",
      "is not well-formed at 2:7: the quote that opens this cell is never closed"
    ),
    (
      "\(header)\nasn-1,\"P\"x",
      "is not well-formed at 2:10: text follows a closing quote; a quote inside quotes is doubled"
    ),
    (
      "\(header)\né,a\"b",
      "is not well-formed at 2:4: a quote inside a cell; such a cell is quoted and its quotes doubled"
    ),
    (
      "\(header)\nasn-1\rasn-2",
      "is not well-formed at 2:7: a carriage return without a line feed"
    ),
    ("\(header)\na\u{0}", "is not well-formed at 2:2: NUL is not allowed in a cell"),
  ])
  func `what is no such table is malformed as a whole`(
    text: String, message: String
  ) async throws {
    let error = try #require(try await failure("g.csv", text.utf8))
    #expect(error.kind == .malformed)
    #expect(error.message.hasSuffix("/g.csv \(message)"), "\(error)")
  }

  @Test func `bytes that are no UTF-8 are malformed`() async throws {
    let bytes = Array("\(Self.header)\nasn-1,Caf".utf8) + [0xE9] + Array(",\n".utf8)
    let error = try #require(try await failure("g.csv", bytes))
    #expect(error.message.hasSuffix("at 2:11: the cell that ends here is not valid UTF-8"))
  }
}
