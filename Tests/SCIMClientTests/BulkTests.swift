import ConnectorTesting
import HTTPTransport
import JSON
import SCIMClient
import Testing

@Suite struct BulkTests {
  private let operations: [BulkOperation] = [
    .create(.user, ["userName": "ada"]), .patch(.user, id: "a/7", [.replace("active", false)]),
    .create(.group, ["displayName": "Editors"]),
  ]

  @Test func `a bulk request is written as the standard has it`() async throws {
    let transport = StubTransport { _ in answer(200, #"{"Operations":[]}"#) }
    _ = try await provider(transport).bulk(operations, .init())
    let request = try #require(transport.requests.first)
    #expect("\(request.url)" == "\(base)/Bulk")
    let body = try JSONValue(parsing: request.body ?? [])
    #expect(body["schemas"]?.elements?.first == "urn:ietf:params:scim:api:messages:2.0:BulkRequest")
    #expect(
      body["Operations"]?.elements?.map { $0["path"]?.text } == [
        "/Users", "/Users/a%2F7", "/Groups",
      ])
    #expect(body["Operations"]?.elements?.map { $0["bulkId"]?.text } == ["0", "1", "2"])
    #expect(body["failOnErrors"] == nil)
  }

  @Test func `results come in any order, in several spellings, and not always`() async throws {
    let scim = try provider(
      StubTransport { _ in
        answer(
          200,
          #"{"Operations":[{"bulkId":"2","status":409,"response":{"detail":"taken"}},"#
            + #"{"bulkId":"9","status":"201"},"#
            + #"{"bulkId":"0","status":{"code":"201"},"location":"/scim/Users/u%401"}]}"#)
      })
    let results = try await scim.bulk(operations, .init())
    #expect(results.map { $0?.status } == [201, nil, 409])
    #expect(results.map { $0?.isSuccess } == [true, nil, false])
    #expect(results[0]?.id == "u@1")
  }

  @Test(arguments: ["<html>", "{}", #"{"Operations":7}"#])
  func `a success without results proves nothing`(body: String) async throws {
    let scim = try provider(StubTransport { _ in answer(200, body) })
    do throws(SCIMError) {
      _ = try await scim.bulk(operations, .init())
      Issue.record("it was believed")
    } catch {
      #expect(error.mayHaveHappened)
    }
  }

  @Test func `requests keep to the limits of the service`() throws {
    let scim = try provider(StubTransport { _ in answer(404) })
    let many = (0..<10).map { BulkOperation.create(.user, ["userName": .string("u\($0)")]) }
    func sizes(_ operations: Int, _ bytes: Int, most: Int = 50) -> [Int] {
      scim.bulkRequests(
        of: many, most: most, .init(operations: operations, bytes: bytes), .init()
      ).map(\.count)
    }
    #expect(sizes(1000, 1 << 20) == [10])
    #expect(sizes(4, 1 << 20) == [4, 4, 2])
    #expect(sizes(1000, 1 << 20, most: 5) == [5, 5])
    // Each takes about 70 bytes, and the frame about 80.
    #expect(sizes(1000, 300) == [3, 3, 3, 1])
    #expect(sizes(1000, 10) == Array(repeating: 1, count: 10))
  }
}
