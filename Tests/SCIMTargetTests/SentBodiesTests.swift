import AccessModel
import ConnectorTesting
import Foundation
import HTTPTransport
import JSON
import SCIMTarget
import Testing

/// What is sent, read by a library that nobody here wrote.
@Suite(.serialized) struct SentBodiesTests {
  private static let department =
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

  @Test(arguments: Dialect.WriteWay.allCases)
  func `scim2-models understands every body that is sent`(way: Dialect.WriteWay) async throws {
    try await withSCIMWorld {
      var dialect = Dialect("auto")
      dialect.firstWay = way
      $0.dialect = dialect
    } _: { world in
      _ = try await world.read(["Editors", "Writers"])
      var changes = (0..<8).map { world.creation(SubjectID("s\($0)"), attributes(of: $0)) }
      changes += ["Editors", "Writers", "Readers"].map { .createGroup($0, because: world.reason) }
      let outcomes = try await world.apply(changes)
      #expect(outcomes.allSatisfy { $0.isDone })
      let ada = AccountReference(subject: "s0", displayName: nil, identity: outcomes[0].identity)
      let alone = try await world.apply([world.creation("alone", attributes(of: 99))])[0]
      let editors = outcomes[8].groupID
      let edits = attributes(of: 0).keys.filter { $0 != "userName" }.sorted()
      for (before, after) in [([], ["Other"]), (["Other"], [])] as [([String], [String])] {
        let change = edits.map { name in
          AttributeChange(
            name: name, before: before.isEmpty ? attributes(of: 0)[name] ?? [] : before,
            after: name.hasPrefix("emails") && !after.isEmpty ? ["o@example.org"] : after)
        }
        #expect(
          try await world.apply([.updateAccount(ada, change, because: world.reason)])[0].isDone)
      }
      #expect(try await world.apply([world.addition(ada, "Editors", editors)])[0].isDone)
      #expect(try await world.apply([world.removal(ada, "Editors", editors)])[0].isDone)
      for account in [ada, .init(subject: "alone", displayName: nil, identity: alone.identity)] {
        let disabling = Change.disableAccount(account, .deactivate, because: world.ended)
        #expect(try await world.apply([disabling])[0].isDone)
      }
      try check(world.transport.writes)
    }
  }

  private func attributes(of number: Int) -> [String: [String]] {
    [
      "userName": ["u\(number)@example.org"], "displayName": ["Guest \(number)"],
      "name.givenName": ["Given"], "name.familyName": ["Family \"the\" Name"], "title": ["Guest"],
      "emails.work": ["u\(number)@example.org"], "phoneNumbers.work": ["+1 2"],
      Self.department: ["R&D"],
    ]
  }

  /// Expects that the models take every one, and that there are some.
  private func check(_ requests: [HTTPRequest]) throws {
    let lines = requests.compactMap { request -> String? in
      guard let body = request.json else { return nil }
      let line: JSONValue = [
        "method": .string(request.method.rawValue), "path": .string(request.url.path), "body": body,
      ]
      return String(decoding: line.encoded, as: UTF8.self)
    }
    #expect(lines.count >= 5)
    let file = FileManager.default.temporaryDirectory
      .appending(path: "bellhop-bodies-\(UUID().uuidString)")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = try SCIMServer.python()
    process.arguments = ["-B", SCIMServer.script("check-scim-bodies.py"), file.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.startAlone()
    let said = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
  }
}
