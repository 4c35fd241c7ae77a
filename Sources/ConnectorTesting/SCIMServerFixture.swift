internal import Foundation
internal import Glibc
package import HTTPTransport
internal import Synchronization

/// A running scim2-server, a SCIM service provider that nobody here wrote, in memory on loopback.
/// It speaks HTTP/1.0 and closes every connection.
package final class SCIMServer: Sendable {
  package let url: HTTPURL
  package let token: String
  private let process: Mutex<Process?>
  private let folder: URL

  private init(url: HTTPURL, token: String, process: Process, folder: URL) {
    self.url = url
    self.token = token
    self.process = Mutex(process)
    self.folder = folder
  }

  /// The server is taken from the virtual environment at `$BELLHOP_SCIM_VENV`, or else `.venv/scim`
  /// in the package's root. Throws if it is not installed or does not answer.
  package static func start(_ features: SCIMServerFeatures = .all) async throws -> SCIMServer {
    let program = try scimServerProgram()
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bellhop-scim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Another process can take the port between its choice and its use.
    for _ in 0..<3 {
      let port = try LoopbackPort.unused()
      let token = UUID().uuidString
      let process = try run(program, port, token, features, folder)
      let server = SCIMServer(
        url: try HTTPURL(parsing: "http://127.0.0.1:\(port)/v2"), token: token,
        process: process, folder: folder)
      if try await server.answers() { return server }
    }
    let log = try String(contentsOf: folder.appending(path: "server.log"), encoding: .utf8)
    throw SCIMServerError(
      description: "\(program.path) does not start on loopback: \(log.suffix(500))")
  }

  private static func run(
    _ program: URL, _ port: UInt16, _ token: String, _ features: SCIMServerFeatures,
    _ folder: URL
  ) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = ["--port", "\(port)", "--bearer-token", token]
    if let config = features.serviceProviderConfig {
      let file = folder.appending(path: "service-provider-config.json")
      try Data(config.utf8).write(to: file)
      process.arguments? += ["--service-provider-config", file.path]
    }
    let log = folder.appending(path: "server.log")
    try Data().write(to: log)
    let output = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    return process
  }

  /// Waits for the first answer; false if the process ends before.
  private func answers() async throws -> Bool {
    let transport = CurlTransport()
    for _ in 0..<600 where process.withLock({ $0?.isRunning == true }) {
      do throws(TransportError) {
        let response = try await transport.send(HTTPRequest(.get, url))
        // Without the token nothing is shown.
        if response.status == 401 { return true }
      } catch {
        guard error.kind == .unreachable else { throw error }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  /// Ends the server at once and waits until it is gone; may be done twice.
  ///
  /// By SIGKILL: a process started from a thread of the cooperative pool inherits that thread's
  /// signal mask, which blocks SIGTERM.
  package func stop() {
    guard let process = process.withLock({ $0.take() }) else { return }
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(2000) }
    do { try FileManager.default.removeItem(at: folder) } catch {
      print("\(folder.path) was left behind: \(error)")
    }
  }
}

/// Runs `body` with a fresh server and ends the server afterwards, whatever happens.
package func withSCIMServer<Result>(
  _ features: SCIMServerFeatures = .all, _ body: (SCIMServer) async throws -> Result
) async throws -> Result {
  let server = try await SCIMServer.start(features)
  defer { server.stop() }
  return try await body(server)
}

/// What the server announces and does.
package enum SCIMServerFeatures: Sendable {
  /// Everything but cursors.
  case all
  /// No PATCH, no filter, no bulk.
  case minimal
  /// Cursors (RFC 9865) instead of index paging.
  case cursors
}

package struct SCIMServerError: Error, CustomStringConvertible {
  package let description: String
}

private func scimServerProgram() throws -> URL {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let environment =
    ProcessInfo.processInfo.environment["BELLHOP_SCIM_VENV"].map { URL(filePath: $0) }
    ?? root.appending(path: ".venv/scim")
  let program = environment.appending(path: "bin/scim2-server")
  guard FileManager.default.isExecutableFile(atPath: program.path) else {
    throw SCIMServerError(
      description: "\(program.path) is missing; run ./scripts/test, or make a virtual environment "
        + "there with: pip install 'scim2-server[cursor]==0.8.3' scim2-models==0.12.3")
  }
  return program
}

extension SCIMServerFeatures {
  fileprivate var serviceProviderConfig: String? {
    switch self {
    case .all: nil
    case .minimal:
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
       "patch": {"supported": false}, "sort": {"supported": false}, "etag": {"supported": false},
       "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
       "filter": {"supported": false, "maxResults": 100},
       "changePassword": {"supported": false}, "authenticationSchemes": []}
      """
    case .cursors:
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
       "patch": {"supported": true}, "sort": {"supported": false}, "etag": {"supported": true},
       "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
       "filter": {"supported": true, "maxResults": 100},
       "changePassword": {"supported": false}, "authenticationSchemes": [],
       "pagination": {"cursor": true, "index": false, "defaultPaginationMethod": "cursor",
                      "defaultPageSize": 5, "maxPageSize": 5}}
      """
    }
  }
}
