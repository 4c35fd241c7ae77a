import AccessModel
import AssignmentSources
import Foundation
import Glibc
import Synchronization
import Testing

struct FileSourceTests {
  @Test func `a file proves absence at once`() {
    #expect(FileSource(id: "s", path: "a.json").absentAfter == .zero)
  }

  @Test(arguments: [
    ("/nonexistent/a.json", "cannot be opened: No such file or directory"),
    ("/tmp/../tmp", "its kind cannot be told; name it *.json or *.csv"),
  ])
  func `what is not there is no empty source`(path: String, message: String) async throws {
    let error = try await #require(throws: SourceError.self) { try await read(path) }
    #expect(error.message == "\(path) \(message)")
  }

  @Test func `a folder is unavailable`() async throws {
    try await withFile("x", []) { path in
      let folder = URL(filePath: path).deletingLastPathComponent().appending(path: "a.csv")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      let error = try await #require(throws: SourceError.self) { try await read(folder.path) }
      #expect(error.kind == .unavailable)
    }
  }

  @Test func `a pipe that nobody writes to is unavailable and does not hang`() async throws {
    try await withFile("x", []) { path in
      #expect(mkfifo(path + ".json", 0o600) == 0)
      let error = try await #require(throws: SourceError.self) { try await read(path + ".json") }
      #expect(error.kind == .unavailable)
    }
  }

  @Test(arguments: [
    ("{\"value\":{}}", "is not well-formed at 1:11: 'value' is no list"),
    ("{\"error\":{\"code\":\"x\"}}", "is not well-formed at 1:23: the object has no list 'value'"),
    (
      "\"[]\"",
      "is not well-formed at 1:5: the document is neither a list nor an object with 'value'"
    ),
    ("[]\n[]", "is not well-formed at 2:1: text follows the end of the document"),
    (
      "[{\"id\":\"a\",\"id\":\"b\"}]",
      "is not well-formed at 1:16: the member 'id' is repeated in its object"
    ),
    ("<html></html>", "is not well-formed at 1:1: '<' where a value is due"),
    ("", "is empty; a source without assignments holds an empty list"),
  ])
  func `what is no list of assignments is malformed`(
    text: String, message: String
  ) async throws {
    let error = try #require(try await failure("a.json", text.utf8))
    #expect(error.kind == .malformed)
    #expect(error.message.hasSuffix("/a.json \(message)"), "\(error)")
  }

  /// Wherever a list is cut off, it never reads as a shorter list.
  @Test func `a file that ends early is malformed wherever it ends`() async throws {
    let whole = Array(try Data(contentsOf: URL(filePath: fixture("graph-list.json"))))
    let end = try #require(whole.lastIndex(of: UInt8(ascii: "}")))
    for length in stride(from: 1, through: end, by: 7) {
      #expect(try await failure("a.json", whole.prefix(length)) != nil, "cut after \(length)")
    }
  }

  @Test func `fifty thousand records are read whole, each once`() async throws {
    var text = "{\"value\":["
    for number in 0..<50_000 {
      if number > 0 { text += "," }
      text += """
        {"id":"asn-\(number)","state":"delivered","schedule":{"startDateTime":"2026-01-01T00:00:00Z",
        "expiration":{"type":"noExpiration"}},"target":{"objectId":"u-\(number % 20_000)",
        "displayName":"Guest \(number % 20_000)"},"accessPackage":{"displayName":"P \(number % 50)"}}
        """
    }
    let reading = try await read("a.json", text + "]}")
    #expect(reading.coverage == .complete)
    #expect(reading.assignments.count == 50_000)
    #expect(reading.subjects.count == 20_000)
    #expect(reading.packages.count == 50)
    #expect(zip(reading.assignments, reading.assignments.dropFirst()).allSatisfy { $0.id < $1.id })
    for assignment in reading.assignments {
      let number = try #require(Int(assignment.id.rawValue.dropFirst(4)))
      let subject = reading.subjects[Int(assignment.subject)]
      #expect(subject.displayName == "Guest \(number % 20_000)")
    }
  }

  @Test func `a file that is rewritten under the reading is no complete one`() async throws {
    let record =
      "{\"id\":\"%\",\"state\":\"expired\",\"target\":{},\"accessPackage\":"
      + "{\"displayName\":\"P\"}}"
    let records = (0..<100_000).map { record.replacing("%", with: "\($0)") }
    try await withFile("a.json", "[\(records.joined(separator: ","))]".utf8) { path in
      let end = Mutex(false)
      // A thread of its own: the cooperative pool may be busy with other tests.
      let writer = Thread {
        var number = 0
        while !end.withLock({ $0 }) {
          number += 1
          var times = [timeval(tv_sec: number, tv_usec: 0), timeval(tv_sec: number, tv_usec: 0)]
          utimes(path, &times)
          usleep(200)
        }
      }
      writer.start()
      let reading = try await read(path)
      end.withLock { $0 = true }
      #expect(reading.coverage == .partial(reason: "\(path) changed while it was read"))
    }
  }
}
