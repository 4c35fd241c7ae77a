import Glibc
import Synchronization

/// An HTTP server on loopback that does exactly what a test says, right or wrong.
final class LoopbackServer: Sendable {
  enum Reply: Sendable {
    case bytes(String)
    case bytesThenClose(String)
    /// Ends the connection without a word.
    case close
    /// Never answers.
    case silence
  }

  let port: UInt16
  private let listener: Int32
  private let received = Mutex<[String]>([])
  private let connections = Mutex(0)

  /// `reply` gets each request as text.
  init(_ reply: @escaping @Sendable (String) -> Reply) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0
          ? getsockname(listener, $0, &length) : -1
      }
    }
    guard status == 0 else { throw Failure() }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Self.startThread { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        // Closed by whom it belongs to: its number may be another server's a moment later.
        guard connection >= 0 else { return _ = close(listener) }
        connections.withLock { $0 += 1 }
        Self.startThread { [self] in serve(connection, reply) }
      }
    }
  }

  struct Failure: Error {}

  /// In the order they came.
  var requests: [String] { received.withLock { $0 } }
  var connectionCount: Int { connections.withLock { $0 } }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32, _ reply: (String) -> Reply) {
    defer { close(connection) }
    while let request = Self.readRequest(connection) {
      received.withLock { $0.append(request) }
      switch reply(request) {
      case .bytes(let text): Self.write(text, connection)
      case .bytesThenClose(let text): return Self.write(text, connection)
      case .close: return
      case .silence: sleep(5)
      }
    }
  }

  private static func write(_ text: String, _ connection: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  private static func readRequest(_ connection: Int32) -> String? {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      if let head = text.firstRange(of: "\r\n\r\n") {
        let length =
          text[..<head.lowerBound].split(separator: "\r\n")
          .first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
        if text[head.upperBound...].utf8.count >= length { return text }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(Work(body)).toOpaque())
    pthread_detach(thread)
  }
}

/// Runs `body` with a server and stops it afterwards, whatever happens.
func withLoopbackServer<Result>(
  _ reply: @escaping @Sendable (String) -> LoopbackServer.Reply,
  _ body: (LoopbackServer) async throws -> Result
) async throws -> Result {
  let server = try LoopbackServer(reply)
  defer { server.stop() }
  return try await body(server)
}
