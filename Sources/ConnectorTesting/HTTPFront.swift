internal import Foundation
internal import Glibc
package import HTTPTransport
internal import Synchronization

/// nginx before a server on loopback: TLS and HTTP/2, with its own mind about what passes.
package final class HTTPFront: Sendable {
  /// What nginx is told besides (nginx.org/en/docs/dirindex.html); each text holds whole directives.
  package struct Rules: Sendable {
    /// For all servers, such as `limit_req_zone`.
    package var common: String
    /// For what passes on to the server behind.
    package var passing: String
    /// For other locations of this server.
    package var others: String
    /// Otherwise it offers HTTP/1.1 only.
    package var speaksHTTP2: Bool

    package init(
      common: String = "", passing: String = "", others: String = "", speaksHTTP2: Bool = true
    ) {
      (self.common, self.passing, self.others) = (common, passing, others)
      self.speaksHTTP2 = speaksHTTP2
    }
  }

  /// One line of its access log: a request that it has done with.
  package struct Exchange: Sendable {
    /// The number of the connection, as nginx counts them.
    package let connection: Int
    package let version: String
    package let method: String
    package let path: String
    package let status: Int
    /// Whether the server behind answered, rather than nginx itself.
    package let isPassed: Bool
    /// In milliseconds since 1970.
    package let time: ClosedRange<Int>
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let port: UInt16
  private let backend: UInt16
  private let folder: URL
  private let process = Mutex<(nginx: Process, watcher: Process)?>(nil)

  package static func started(before backend: UInt16, _ rules: Rules) async throws -> HTTPFront {
    let front = try HTTPFront(before: backend, rules)
    do {
      try await front.start()
    } catch {
      front.remove()
      throw error
    }
    return front
  }

  private init(before backend: UInt16, _ rules: Rules) throws {
    self.backend = backend
    folder = FileManager.default.temporaryDirectory
      .appending(path: "bellhop-front-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    port = try LoopbackPort.unused()
    try write(rules)
    let openssl = try Process.silent(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
        "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", path("server.key"), "-out", authority,
      ])
    openssl.waitUntilExit()
  }

  /// Its certificate, which is its own authority.
  package var authority: String { path("server.crt") }

  /// Of a transport that trusts it.
  package var transport: CurlTransport.Configuration {
    var configuration = CurlTransport.Configuration()
    configuration.caFile = authority
    return configuration
  }

  package func url(_ path: String) throws -> HTTPURL {
    try HTTPURL(parsing: "https://localhost:\(port)\(path)")
  }

  /// Everything it has done with so far, in the order in which it ended.
  package func exchanges() throws -> [Exchange] {
    try String(contentsOfFile: path("access.log"), encoding: .utf8).split(separator: "\n")
      .compactMap { Exchange(line: $0.split(separator: " ")) }
  }

  /// Takes other rules.
  package func reload(_ rules: Rules) throws {
    try write(rules)
    reload()
  }

  /// Starts anew with the same rules. Connections that are open are told to end (GOAWAY).
  package func reload() {
    process.withLock { if let nginx = $0?.nginx { kill(nginx.processIdentifier, SIGHUP) } }
  }

  /// Waits until it takes connections.
  package func start() async throws {
    let nginx = try Process.silent(
      "/usr/sbin/nginx", ["-p", folder.path, "-c", "nginx.conf", "-e", "error.log"])
    let watcher = try nginx.watched(removing: [folder.path], by: "TERM")
    process.withLock { $0 = (nginx, watcher) }
    let transport = CurlTransport(transport)
    let request = HTTPRequest(.get, try url("/front"))
    for _ in 0..<600 where nginx.isRunning {
      do throws(TransportError) {
        _ = try await transport.send(request)
        return
      } catch {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    let log = try String(contentsOfFile: path("error.log"), encoding: .utf8)
    throw Failure(description: "nginx does not start: \(log.suffix(500))")
  }

  /// Ends it at once, with every connection.
  package func end() {
    guard let (nginx, watcher) = process.withLock({ $0.take() }) else { return }
    kill(watcher.processIdentifier, SIGKILL)
    kill(nginx.processIdentifier, SIGTERM)
    while nginx.isRunning { usleep(2000) }
  }

  fileprivate func remove() {
    end()
    do { try FileManager.default.removeItem(at: folder) } catch {
      print("\(folder.path) was left behind: \(error)")
    }
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func write(_ rules: Rules) throws {
    let text = """
      daemon off; worker_processes 1; pid nginx.pid; error_log error.log notice;
      events { worker_connections 256; }
      http {
        log_format exchange '$connection $server_protocol $request_method $uri $status '
          '$upstream_status- $msec $request_time';
        access_log access.log exchange;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi; scgi_temp_path scgi;
        \(rules.common)
        server {
          listen 127.0.0.1:\(port) ssl\(rules.speaksHTTP2 ? " http2" : "");
          ssl_certificate server.crt; ssl_certificate_key server.key;
          location / {
            proxy_pass http://127.0.0.1:\(backend);
            proxy_set_header Host 127.0.0.1:\(backend);
            \(rules.passing)
          }
          location = /front { access_log off; return 204; }
          \(rules.others)
        }
      }
      """
    try Data(text.utf8).write(to: folder.appending(path: "nginx.conf"))
  }
}

extension HTTPFront.Exchange {
  fileprivate init?(line: [Substring]) {
    guard line.count == 8, let connection = Int(line[0]), let status = Int(line[4]),
      let end = Double(line[6]), let length = Double(line[7])
    else { return nil }
    let (ended, took) = (Int(end * 1000), Int(length * 1000))
    self.init(
      connection: connection, version: String(line[1]), method: String(line[2]),
      path: String(line[3]), status: status, isPassed: line[5].hasPrefix("\(status)"),
      time: (ended - took)...ended)
  }
}

/// Runs `body` with a front before the server at a port of loopback; it is gone afterwards.
package func withHTTPFront<Result>(
  before port: UInt16, _ rules: HTTPFront.Rules = .init(),
  _ body: (HTTPFront) async throws -> Result
) async throws -> Result {
  let front = try await HTTPFront.started(before: port, rules)
  defer { front.remove() }
  return try await body(front)
}
