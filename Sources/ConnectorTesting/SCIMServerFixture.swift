internal import Foundation
package import HTTPTransport

/// A running scim2-server, a SCIM service provider that nobody here wrote, in memory on loopback. It
/// speaks HTTP/1.0 and closes every connection.
package struct SCIMServer: Sendable {
  package let url: HTTPURL
  package let token: String
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

/// Runs `body` with a fresh server and ends the server afterwards, whatever happens.
///
/// The server is taken from the virtual environment at `$BELLHOP_SCIM_VENV`, or else `.venv/scim` in
/// the package's root. Throws if it is not installed.
package func withSCIMServer<Result>(
  _ features: SCIMServerFeatures = .all, _ body: (SCIMServer) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "bellhop-scim-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer {
    do { try FileManager.default.removeItem(at: folder) } catch {
      print("\(folder.path) was left behind: \(error)")
    }
  }
  let (process, server) = try await startSCIMServer(features, folder)
  defer {
    process.terminate()
    process.waitUntilExit()
  }
  return try await body(server)
}

private func startSCIMServer(
  _ features: SCIMServerFeatures, _ folder: URL
) async throws -> (Process, SCIMServer) {
  let program = try scimServerProgram()
  let token = UUID().uuidString
  // Another process can take the port between its choice and its use.
  for _ in 0..<3 {
    let port = try LoopbackPort.unused()
    let process = Process()
    process.executableURL = program
    process.arguments = ["--port", "\(port)", "--bearer-token", token]
    if let config = features.serviceProviderConfig {
      let file = folder.appending(path: "service-provider-config.json")
      try Data(config.utf8).write(to: file)
      process.arguments? += ["--service-provider-config", file.path]
    }
    let log = folder.appending(path: "server.log")
    guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw SCIMServerError(description: "\(log.path) cannot be written")
    }
    let output = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let server = SCIMServer(
      url: try HTTPURL(parsing: "http://127.0.0.1:\(port)/v2"), token: token)
    if try await answers(server, process) { return (process, server) }
    process.terminate()
    process.waitUntilExit()
  }
  throw SCIMServerError(description: "\(program.path) does not start on loopback")
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

/// Waits for the first answer; false if the process ends before.
private func answers(_ server: SCIMServer, _ process: Process) async throws -> Bool {
  let transport = CurlTransport()
  for _ in 0..<600 where process.isRunning {
    do throws(TransportError) {
      let response = try await transport.send(HTTPRequest(.get, server.url))
      // Without the token nothing is shown.
      if response.status == 401 { return true }
    } catch {
      guard error.kind == .unreachable else { throw error }
    }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
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
