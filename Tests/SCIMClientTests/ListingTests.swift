import ConnectorTesting
import HTTPTransport
import SCIMClient
import Synchronization
import Testing

/// Each case is a habit of a real service.
@Suite struct ListingTests {
  private func list(
    _ transport: StubTransport, pageSize: Int = 2, paging: Capabilities.Paging = .index
  ) async throws -> (ids: [String], end: ListingEnd) {
    var capabilities = Capabilities()
    capabilities.pageSize = pageSize
    capabilities.paging = paging
    var ids: [String] = []
    let end = try await provider(transport).list(.user, capabilities) { ids.append($0.id) }
    return (ids, end)
  }

  private static func page(_ ids: [Int], total: Int?) -> HTTPResponse {
    let resources = ids.map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
    let total = total.map { #""totalResults":\#($0),"# } ?? ""
    return answer(200, #"{\#(total)"Resources":[\#(resources)]}"#)
  }

  /// A service that holds `count` users and behaves but for what `bend` does to a page.
  private func service(
    _ count: Int, cap: Int = 2,
    bend: @escaping @Sendable (_ start: Int, _ ids: [Int]) -> HTTPResponse
  ) -> StubTransport {
    StubTransport { request in
      let start = request.query("startIndex").flatMap(Int.init) ?? 1
      return bend(start, Array(Array(1...count).dropFirst(start - 1).prefix(cap)))
    }
  }

  @Test func `every page is read, and a full last page is followed by one look behind it`()
    async throws
  {
    let transport = service(4) { _, ids in Self.page(ids, total: 4) }
    let (ids, end) = try await list(transport)
    #expect(ids == ["1", "2", "3", "4"])
    #expect(end == .complete)
    #expect(transport.requests.map { $0.query("startIndex") } == ["1", "3", "5"])
  }

  @Test func `pages shorter than asked are not the last`() async throws {
    let transport = service(5, cap: 2) { _, ids in Self.page(ids, total: 5) }
    let (ids, end) = try await list(transport, pageSize: 100)
    #expect(ids.count == 5)
    #expect(end == .complete)
  }

  @Test func `without a total the empty page is the end`() async throws {
    let (ids, end) = try await list(service(3) { _, ids in Self.page(ids, total: nil) })
    #expect(ids.count == 3)
    #expect(end == .complete)
  }

  @Test func `a service that ignores startIndex gives each record once and no proof`()
    async throws
  {
    let transport = service(5) { _, _ in Self.page([1, 2], total: 5) }
    let (ids, end) = try await list(transport)
    #expect(ids == ["1", "2"])
    #expect(end == .incomplete(reason: "its pages repeat themselves"))
    #expect(transport.requests.count == 2)
  }

  @Test func `a service that starts over behind its end is complete`() async throws {
    let transport = service(4) { start, ids in
      Self.page(start > 4 ? [1, 2] : ids, total: 4)
    }
    let (ids, end) = try await list(transport)
    #expect(ids.count == 4)
    #expect(end == .complete)
  }

  @Test func `pages that overlap are no proof`() async throws {
    let transport = service(5) { start, ids in
      Self.page(start == 1 ? ids : [2, 3, 4, 5], total: 5)
    }
    let (ids, end) = try await list(transport)
    #expect(ids.count == 5)
    #expect(end != .complete)
  }

  @Test(arguments: [6, 3])
  func `a total that disagrees is no proof`(total: Int) async throws {
    let transport = service(5) { _, ids in Self.page(ids, total: total) }
    #expect(try await list(transport).end != .complete)
  }

  @Test func `a total that names only the page is found out`() async throws {
    let transport = service(5) { _, ids in Self.page(ids, total: 2) }
    #expect(try await list(transport).end != .complete)
  }

  @Test func `a record without an id is no proof`() async throws {
    let transport = StubTransport { _ in
      answer(200, #"{"totalResults":2,"Resources":[{"id":"1"},{"userName":"x"}]}"#)
    }
    let (ids, end) = try await list(transport, pageSize: 100)
    #expect(ids == ["1"])
    #expect(end == .incomplete(reason: "a record has no id"))
  }

  @Test func `a later page that fails is no end`() async throws {
    let transport = service(5) { start, ids in
      start == 3 ? answer(404, "gone") : Self.page(ids, total: 5)
    }
    let (ids, end) = try await list(transport)
    #expect(ids == ["1", "2"])
    #expect(end != .complete)
  }

  @Test func `a first page that fails is an error, not an empty list`() async throws {
    let transport = StubTransport { _ in answer(404, "no such endpoint") }
    await #expect(throws: SCIMError.self) { try await list(transport) }
  }

  @Test(arguments: ["<html>", "{}", #"{"totalResults":1,"Resources":{}}"#, "[", #"{"a":1"#])
  func `a page that is no list is an error, not an empty list`(body: String) async throws {
    let transport = StubTransport { _ in answer(200, body) }
    await #expect(throws: SCIMError.self) { try await list(transport) }
  }

  @Test(arguments: [#"{"totalResults":0}"#, #"{"totalResults":0,"Resources":[]}"#, "[]"])
  func `an empty list is complete`(body: String) async throws {
    let (ids, end) = try await list(StubTransport { _ in answer(200, body) })
    #expect(ids.isEmpty)
    #expect(end == .complete)
  }

  @Test(
    arguments: [(2, ListingEnd.complete), (3, nil), (nil, nil)] as [(Int?, ListingEnd?)],
    [400, 422, 500, 501])
  func `a service that refuses paging is asked once without, and its total decides`(
    counts: (total: Int?, expected: ListingEnd?), status: Int
  ) async throws {
    let transport = StubTransport { request in
      request.query("count") != nil ? answer(status) : Self.page([1, 2], total: counts.total)
    }
    let (ids, end) = try await list(transport)
    #expect(ids == ["1", "2"])
    #expect(counts.expected == nil ? end != .complete : end == counts.expected)
  }

  @Test func `a cursor is followed to its end`() async throws {
    let transport = StubTransport { request in
      if request.query("startIndex") != nil { return answer(501) }
      return switch request.query("cursor") {
      case nil: answer(200, #"{"Resources":[{"id":"1"}],"nextCursor":"a b"}"#)
      case "a%20b": answer(200, #"{"Resources":[],"nextCursor":"c"}"#)
      default: answer(200, #"{"Resources":[{"id":"2"}],"totalResults":2}"#)
      }
    }
    let (ids, end) = try await list(transport)
    #expect(ids == ["1", "2"])
    #expect(end == .complete)
  }

  @Test(arguments: ["expiredCursor", "invalidCursor"])
  func `a cursor that expires begins the listing anew, and gives no record twice`(
    fault: String
  ) async throws {
    let expired = Mutex(false)
    let transport = StubTransport { request in
      switch request.query("cursor") {
      case "": answer(200, #"{"Resources":[{"id":"1"}],"nextCursor":"b"}"#)
      case "b":
        expired.withLock { was in
          defer { was = true }
          return was
            ? answer(200, #"{"Resources":[{"id":"2"}]}"#)
            : answer(400, #"{"status":"400","scimType":"\#(fault)"}"#)
        }
      default: answer(404)
      }
    }
    let (ids, end) = try await list(transport, paging: .cursor)
    #expect(ids == ["1", "2"])
    #expect(end == .complete)
    #expect(transport.requests.map { $0.query("cursor") } == ["", "b", "", "b"])
  }

  @Test func `cursors that go on expiring are no end`() async throws {
    let transport = StubTransport { request in
      request.query("cursor") == ""
        ? answer(200, #"{"Resources":[{"id":"1"}],"nextCursor":"b"}"#)
        : answer(400, #"{"status":"400","scimType":"expiredCursor"}"#)
    }
    let (ids, end) = try await list(transport, paging: .cursor)
    #expect(ids == ["1"])
    #expect(end != .complete)
    #expect(transport.requests.count == 4)
  }

  @Test func `a link in a page leads nowhere`() async throws {
    let transport = StubTransport { request in
      request.query("cursor") == ""
        ? answer(
          200,
          #"{"Resources":[{"id":"1","meta":{"location":"https://evil.example/1"}}],"#
            + #""nextCursor":"https://evil.example/scim?cursor=x"}"#)
        : answer(302, "", ["Location": "https://evil.example/scim"])
    }
    let (ids, end) = try await list(transport, paging: .cursor)
    #expect(ids == ["1"])
    #expect(end != .complete)
    #expect(transport.requests.allSatisfy { $0.url.host == "wiki.example.org" })
    #expect(
      transport.requests.map { $0.query("cursor") }
        == ["", "https%3A%2F%2Fevil.example%2Fscim%3Fcursor%3Dx"])
  }
}
