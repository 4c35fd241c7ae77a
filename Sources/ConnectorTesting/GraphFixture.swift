internal import Foundation
internal import Glibc
package import HTTPTransport
internal import Synchronization

/// A running `Tests/GraphStandIn/server.py`: the Graph and the token services that Bellhop uses, on
/// loopback. Its first lines say what it can be told.
package final class GraphStandIn: Sendable {
  /// Of Graph and of the token service alike.
  package let url: HTTPURL
  private let control: CurlTransport
  private let process: Mutex<Process?>

  private init(url: HTTPURL, control: CurlTransport, process: Process) {
    self.url = url
    self.control = control
    self.process = Mutex(process)
  }

  /// `certificate` is a PEM file with certificate and key, of which `caFile` is the authority: then it
  /// speaks https. Throws if it does not start.
  package static func start(
    certificate: String? = nil, caFile: String? = nil
  ) throws -> GraphStandIn {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Tests/GraphStandIn/server.py")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-B", script.path] + (certificate.map { ["--certificate", $0] } ?? [])
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.startAlone()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = UInt16(line.filter(\.isNumber)) else {
      kill(process.processIdentifier, SIGKILL)
      throw GraphStandInError(description: "\(script.path) does not start")
    }
    var settings = CurlTransport.Configuration()
    settings.caFile = caFile
    return GraphStandIn(
      url: try HTTPURL(
        parsing: certificate == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)"),
      control: CurlTransport(settings), process: process)
  }

  /// Replaces parts of what it holds and how it misbehaves, as a JSON object.
  package func set(_ parts: String) async throws {
    let response = try await control.send(
      HTTPRequest(.post, url.appending("control"), body: Array(parts.utf8)))
    guard response.status == 200 else {
      throw GraphStandInError(description: "not understood: \(parts.prefix(200))")
    }
  }

  /// A request it has seen.
  package struct Request: Decodable, Sendable {
    package let method: String
    package let path: String
    package let query: [String: String]
    package let raw: String
    package let hasToken: Bool
    package let body: String
  }

  /// All of them but these, in the order they came.
  package func requests() async throws -> [Request] {
    struct Log: Decodable { let requests: [Request] }
    let response = try await control.send(HTTPRequest(.get, url.appending("control", "log")))
    return try JSONDecoder().decode(Log.self, from: Data(response.body)).requests
  }

  /// Ends it at once, by SIGKILL; may be done twice.
  package func stop() {
    guard let process = process.withLock({ $0.take() }) else { return }
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(2000) }
  }
}

package struct GraphStandInError: Error, CustomStringConvertible {
  package let description: String
}

/// Runs `body` with a fresh stand-in and ends it afterwards, whatever happens.
package func withGraph<Result>(
  _ body: (GraphStandIn) async throws -> Result
) async throws -> Result {
  let graph = try GraphStandIn.start()
  defer { graph.stop() }
  return try await body(graph)
}

/// One assignment as the stand-in holds it, with everything that can be expanded.
package struct GraphRecord: Sendable {
  package var id: String
  package var subject: String
  package var name: String
  package var package = "Lab"
  package var packageID = "p-lab"
  package var state = "delivered"
  package var start = "2026-01-01T00:00:00Z"
  package var end: String? = "2096-01-01T00:00:00Z"
  /// Replaces the whole schedule, as JSON.
  package var schedule: String?
  /// The person is not in the tenant yet.
  package var hasObjectID = true

  package init(_ id: String, of subject: String, name: String? = nil) {
    self.id = id
    self.subject = subject
    self.name = name ?? subject
  }

  package var json: String {
    let type = end == nil ? "noExpiration" : "afterDateTime"
    let plan =
      schedule ?? """
        {"startDateTime":"\(start)","recurrence":null,"expiration":\
        {"endDateTime":\(end.map { "\"\($0)\"" } ?? "null"),"duration":null,"type":"\(type)"}}
        """
    return """
      {"id":"\(id)","state":"\(state)","status":"Delivered","expiredDateTime":null,\
      "schedule":\(plan),"customExtensionCalloutInstances":[],\
      "target":{"id":"s-\(subject)","objectId":\(hasObjectID ? "\"\(subject)\"" : "null"),\
      "displayName":"\(name)","principalName":"\(name)_fabrikam.example#EXT#@contoso.example",\
      "email":"\(name)@fabrikam.example","onPremisesSecurityIdentifier":null,\
      "subjectType":"user","subjectLifecycle":"governed",\
      "connectedOrganization":{"id":"o-1","displayName":"Fabrikam","state":"configured"}},\
      "accessPackage":{"id":"\(packageID)","displayName":"\(package)","isHidden":false,\
      "catalog":{"id":"c-1","displayName":"Partners"}},\
      "assignmentPolicy":{"id":"pol-1","displayName":"1 year"}}
      """
  }

  package static func list(_ records: [GraphRecord]) -> String {
    "[" + records.map(\.json).joined(separator: ",") + "]"
  }
}
