internal import Foundation
internal import Glibc
package import HTTPTransport

/// A real SCIM service behind TLS with HTTP/2 and compressed answers, on loopback, with certificates
/// made for it alone and a proxy before it. Its first lines are in `secure_server.py`.
package final class SecureSCIMServer: Sendable {
  /// What it has seen.
  package struct Stats: Decodable, Sendable {
    package let connections: Int
    package let versions: [String]
    package let requests: Int
    /// Requests at the same time.
    package let most: Int
    /// The heads of the requests to the proxy.
    package let connects: [String]
  }

  package let port: UInt16
  package let token: String
  /// Leads every host to the server.
  package let proxy: HTTPURL
  private let folder: URL
  private let process: Process

  fileprivate init(_ options: [String]) throws {
    let program = try SCIMServerFeatures.program("../scim-secure/bin/python")
    folder = FileManager.default.temporaryDirectory
      .appending(path: "bellhop-secure-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    port = try LoopbackPort.unused()
    let proxyPort = try LoopbackPort.unused()
    proxy = try HTTPURL(parsing: "http://127.0.0.1:\(proxyPort)")
    token = UUID().uuidString
    process = Process()
    process.executableURL = program
    process.arguments =
      [
        "-B", SCIMServerFeatures.servers.appending(path: "secure_server.py").path, "\(port)",
        "\(proxyPort)", token, folder.path,
      ] + options
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.startAlone()
  }

  package var authority: String { folder.appending(path: "authority.crt").path }

  /// Of `client`, `expired` or `stranger`.
  package func certificate(_ name: String) -> CurlTransport.ClientCertificate {
    CurlTransport.ClientCertificate(
      certificateFile: folder.appending(path: "\(name).crt").path,
      keyFile: folder.appending(path: "\(name).key").path)
  }

  package func url(_ path: String, host: String = "localhost", port: UInt16? = nil) throws
    -> HTTPURL
  {
    try HTTPURL(parsing: "https://\(host):\(port ?? self.port)\(path)")
  }

  /// A transport that trusts it.
  package func transport(
    _ adjust: (inout CurlTransport.Configuration) -> Void = { _ in }
  ) -> CurlTransport {
    var configuration = CurlTransport.Configuration()
    configuration.caFile = authority
    adjust(&configuration)
    return CurlTransport(configuration)
  }

  package func stats() async throws -> Stats {
    let answer = try await transport { $0.clientCertificate = certificate("client") }
      .send(HTTPRequest(.get, try url("/stats")))
    return try JSONDecoder().decode(Stats.self, from: Data(answer.body))
  }

  fileprivate func waitUntilItAnswers() async throws {
    for _ in 0..<600 where process.isRunning {
      do {
        _ = try await stats()
        return
      } catch {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    throw SCIMServerError(description: "secure_server.py does not start")
  }

  /// By SIGKILL, since it inherits a mask that blocks SIGTERM.
  fileprivate func stop() {
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(2000) }
    do { try FileManager.default.removeItem(at: folder) } catch {
      print("\(folder.path) was left behind: \(error)")
    }
  }
}

/// Runs `body` with a fresh server, started with options of `secure_server.py`; the server is gone
/// afterwards.
package func withSecureSCIMServer<Result>(
  _ options: [String] = [], _ body: (SecureSCIMServer) async throws -> Result
) async throws -> Result {
  let server = try SecureSCIMServer(options)
  defer { server.stop() }
  try await server.waitUntilItAnswers()
  return try await body(server)
}
