internal import Foundation
internal import Glibc
internal import HTTPTransport
internal import Synchronization

/// A running `Tests/FaultProxy/faultproxy.py`: stands between Bellhop and a server, and breaks what it
/// is told to break. Its first lines say what a fault is.
package final class FaultProxy: Sendable {
  package enum Kind: String, Sendable { case ldap, http, tls }

  /// The proxy as the TLS server, with PEM files.
  package struct Certificate: Sendable {
    package var file: String
    package var key: String
    /// Once the client asks for it, instead of at once.
    package var isStartTLS = false
    /// Nothing newer than TLS 1.1.
    package var isOld = false

    package init(file: String, key: String, isStartTLS: Bool = false, isOld: Bool = false) {
      (self.file, self.key, self.isStartTLS, self.isOld) = (file, key, isStartTLS, isOld)
    }
  }

  /// One thing that goes wrong: at the given message of a direction, before the first, the middle or
  /// the last of its bytes.
  package struct Fault: Encodable, Sendable, Hashable {
    package enum Place: String, Encodable, Sendable, CaseIterable { case first, middle, last }
    package enum Direction: String, Encodable, Sendable { case request, reply, connect }

    package var kind: String
    package var on: Direction
    package var step: Int
    package var at: Place
    /// Strikes every later message too.
    package var lasting: Bool

    package init(
      _ kind: String, on: Direction = .reply, step: Int = 1, at: Place = .first,
      lasting: Bool = false
    ) {
      (self.kind, self.on, self.step, self.at, self.lasting) = (kind, on, step, at, lasting)
    }
  }

  /// What passed since the last fault was set.
  package struct Count: Decodable, Sendable {
    /// What each request was, in order.
    package let requests: [String]
    /// The requests themselves, byte by byte.
    package let texts: [String]
    /// What each reply was; of HTTP, the request that it answered.
    package let replies: [String]
    /// How often the fault struck.
    package let struck: Int
    /// What was said to a port that nobody has business with; empty for a bare connection.
    package let stranger: [String]
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let port: UInt16
  /// Where redirects and referrals lead.
  package let strangerPort: UInt16
  private let control: HTTPURL
  private let process: Process
  private let input: Pipe
  private let transport = CurlTransport()

  fileprivate init(_ kind: Kind, before port: UInt16, _ certificate: Certificate?) throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Tests/FaultProxy/faultproxy.py")
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-B", script.path, kind.rawValue, "\(port)"]
    if let certificate {
      process.arguments? += ["--cert", certificate.file, "--key", certificate.key]
      if certificate.isStartTLS { process.arguments? += ["--starttls"] }
      if certificate.isOld { process.arguments? += ["--old"] }
    }
    let output = Pipe()
    input = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.startAlone()
    var line = ""
    while !line.hasSuffix("\n") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { break }
      line += String(decoding: data, as: UTF8.self)
    }
    let ports = line.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
    guard ports.count == 3 else {
      kill(process.processIdentifier, SIGKILL)
      throw Failure(description: "the fault proxy did not start: '\(line)'")
    }
    self.port = ports[0]
    control = try HTTPURL(parsing: "http://127.0.0.1:\(ports[1])/")
    strangerPort = ports[2]
  }

  /// Starts a new count with this fault, or with none.
  package func set(_ fault: Fault? = nil) async throws {
    let body = try fault.map { try Array(JSONEncoder().encode($0)) } ?? Array("{}".utf8)
    _ = try await transport.send(HTTPRequest(.post, control, body: body))
  }

  package func count() async throws -> Count {
    let answer = try await transport.send(HTTPRequest(.get, control))
    return try JSONDecoder().decode(Count.self, from: Data(answer.body))
  }

  fileprivate func stop() {
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { usleep(1000) }
  }
}

/// Runs the body with a proxy before a port of loopback; the proxy is gone afterwards.
package func withFaultProxy<Result>(
  _ kind: FaultProxy.Kind, before port: UInt16, certificate: FaultProxy.Certificate? = nil,
  _ body: (FaultProxy) async throws -> Result
) async throws -> Result {
  let proxy = try FaultProxy(kind, before: port, certificate)
  defer { proxy.stop() }
  return try await body(proxy)
}
