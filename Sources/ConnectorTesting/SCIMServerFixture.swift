package import Foundation
internal import Glibc
package import HTTPTransport
internal import Synchronization

/// A running SCIM service provider that nobody here wrote, on loopback.
package final class SCIMServer: Sendable {
  package let url: HTTPURL
  /// The bearer token; where the service knows OAuth clients only, the client's secret.
  package let token: String
  package let features: SCIMServerFeatures
  private let process: Mutex<Process?>
  private let folder: URL

  private init(
    url: HTTPURL, token: String, features: SCIMServerFeatures, process: Process, folder: URL
  ) {
    self.url = url
    self.features = features
    self.token = token
    self.process = Mutex(process)
    self.folder = folder
  }

  /// The server is taken from the virtual environment at `$BELLHOP_SCIM_VENV`, or else `.venv/scim`
  /// in the package's root, or from one beside it. Throws if it is not installed or does not answer.
  package static func start(_ features: SCIMServerFeatures = .all) async throws -> SCIMServer {
    let program = try features.program()
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bellhop-scim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Another process can take the port between its choice and its use.
    for _ in 0..<3 {
      let port = try LoopbackPort.unused()
      let token = UUID().uuidString
      let process = try features.start(program, port, token, folder)
      let server = SCIMServer(
        url: try HTTPURL(parsing: "http://127.0.0.1:\(port)\(features.path)"), token: token,
        features: features, process: process, folder: folder)
      if try await server.answers() { return server }
    }
    let log = try String(contentsOf: folder.appending(path: "server.log"), encoding: .utf8)
    throw SCIMServerError(
      description: "\(program.path) does not start on loopback: \(log.suffix(500))")
  }

  /// Waits for the first answer; false if the process ends before.
  private func answers() async throws -> Bool {
    let transport = CurlTransport()
    for _ in 0..<600 where process.withLock({ $0?.isRunning == true }) {
      do throws(TransportError) {
        let response = try await transport.send(HTTPRequest(.get, url))
        // Without the token nothing is shown.
        if response.status >= 400, response.status < 500 { return true }
      } catch {
        guard error.kind == .unreachable else { throw error }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  /// Ends the server at once; what it had written to its folder is there for `restart`.
  package func crash() {
    guard let process = process.withLock({ $0.take() }) else { return }
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(2000) }
  }

  /// On the same port, after a crash.
  package func restart() async throws {
    let started = try features.start(try features.program(), url.port, token, folder)
    process.withLock { $0 = started }
    guard try await answers() else {
      throw SCIMServerError(description: "the service does not start again")
    }
  }

  /// Copies every resource of a `restorable` server.
  package func backUp() throws { try signal(SIGUSR1, "SIGUSR1") }

  /// Puts every resource back to what it was at the last copy.
  package func restore() throws { try signal(SIGUSR2, "SIGUSR2") }

  /// Back once the server says that it is done.
  private func signal(_ number: Int32, _ name: String) throws {
    let answer = folder.appending(path: name)
    if FileManager.default.fileExists(atPath: answer.path) {
      try FileManager.default.removeItem(at: answer)
    }
    process.withLock { if let id = $0?.processIdentifier { kill(id, number) } }
    for _ in 0..<2000 {
      if FileManager.default.fileExists(atPath: answer.path) { return }
      usleep(5000)
    }
    throw SCIMServerError(description: "the server does not answer \(name)")
  }

  /// Ends the server at once and waits until it is gone; may be done twice.
  ///
  /// By SIGKILL: a process started from a thread of the cooperative pool inherits that thread's
  /// signal mask, which blocks SIGTERM.
  package func stop() {
    crash()
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
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

extension SCIMServer {
  /// Of the environment that has the first kind of server and its models.
  package static func python() throws -> URL { try SCIMServerFeatures.program("bin/python") }

  /// A script of this repository that tests run.
  package static func script(_ name: String) -> String {
    SCIMServerFeatures.servers.deletingLastPathComponent().appending(path: name).path
  }
}
