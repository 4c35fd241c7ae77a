import ConnectorTesting
import Foundation
import Testing

/// Agrees on one version of TLS with whoever comes, and keeps the first thing that is said.
func withTLSServer(
  speaking version: String, of slapd: SlapdFixture,
  _ body: (_ url: String, _ heard: () throws -> String) async throws -> Void
) async throws {
  let port = try LoopbackPort.unused()
  let log = slapd.path("s_server.log")
  try Data().write(to: URL(fileURLWithPath: log))
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
  process.arguments = [
    "s_server", "-accept", "127.0.0.1:\(port)", "-cert", slapd.path("server.crt"), "-key",
    slapd.path("server.key"), version, "-cipher", "ALL:@SECLEVEL=0",
  ]
  // It ends when its input does.
  process.standardInput = Pipe()
  let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
  process.standardOutput = output
  process.standardError = output
  try process.startAlone()
  defer {
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(1000) }
  }
  func heard() throws -> String { try String(contentsOfFile: log, encoding: .isoLatin1) }
  for _ in 0..<3_000 where try !heard().contains("ACCEPT") {
    try await Task.sleep(for: .milliseconds(10))
  }
  try await body("ldaps://127.0.0.1:\(port)", heard)
}
