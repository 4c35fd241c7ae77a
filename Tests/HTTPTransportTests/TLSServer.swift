import ConnectorTesting
import Foundation

/// A TLS server (openssl s_server) whose certificate is for `localhost`, signed by an authority
/// made for it alone.
struct TLSServer {
  let port: UInt16
  /// The authority that signed its certificate.
  let authority: String
  /// Another authority, which signed nothing.
  let stranger: String
}

struct TLSServerError: Error, CustomStringConvertible { let description: String }

func withTLSServer<Result>(
  options: [String] = [], _ body: (TLSServer) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "bellhop-tls-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  func path(_ name: String) -> String { folder.appending(path: name).path }
  for name in ["authority", "stranger"] {
    try openssl([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
      "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
    ])
  }
  try openssl([
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
    "-CA", path("authority.crt"), "-CAkey", path("authority.key"),
    "-keyout", path("server.key"), "-out", path("server.crt"),
  ])
  let port = try LoopbackPort.unused()
  let process = try Process.silent(
    "/usr/bin/openssl",
    [
      "s_server", "-accept", "127.0.0.1:\(port)", "-cert", path("server.crt"),
      "-key", path("server.key"), "-www", "-quiet",
    ] + options)
  // A process started from a thread of the cooperative pool inherits a mask that blocks SIGTERM.
  defer { kill(process.processIdentifier, SIGKILL) }
  for _ in 0..<3_000 where !LoopbackPort.accepts(port) {
    try await Task.sleep(for: .milliseconds(10))
  }
  return try await body(
    TLSServer(port: port, authority: path("authority.crt"), stranger: path("stranger.crt")))
}

private func openssl(_ arguments: [String]) throws {
  let process = try Process.silent("/usr/bin/openssl", arguments)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw TLSServerError(description: "openssl \(arguments[0]) failed")
  }
}
