import Foundation
import Synchronization

/// Stands between a client and a directory, and lets something happen after the first write was done and
/// before the client is told; or tells it of each write that it failed, whatever became of it.
final class Relay: Sendable {
  let port: UInt16
  private let listener: Int32
  private let server: UInt16
  private let meanwhile: Mutex<(@Sendable () async -> Void)?>
  /// What every write is answered with.
  private let code: UInt8?

  init(
    before server: UInt16, answering code: UInt8? = nil,
    meanwhile: (@Sendable () async -> Void)? = nil
  ) throws {
    self.server = server
    self.code = code
    self.meanwhile = Mutex(meanwhile)
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0
          ? getsockname(listener, $0, &size) : -1
      }
    }
    guard code == 0 else { throw POSIXError(.EADDRINUSE) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 { connect(client) }
      // By whom it belongs to: its number may be another server's a moment later.
      _ = Foundation.close(listener)
    }
  }

  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func connect(_ client: Int32) {
    let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(server)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { return _ = Foundation.close(client) }
    Thread.detachNewThread { [self] in copy(client, to: upstream) { _ in } }
    Thread.detachNewThread { [self] in copy(upstream, to: client, before: meddle) }
  }

  private func copy(_ source: Int32, to sink: Int32, before: (inout [UInt8]) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(source, &buffer, buffer.count), count > 0 {
      var bytes = Array(buffer[..<count])
      before(&bytes)
      guard send(sink, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(sink, Int32(SHUT_RDWR))
    shutdown(source, Int32(SHUT_RDWR))
  }

  /// Answers to add, delete, modify and rename (RFC 4511 §4.6 to §4.9).
  private static let writes: Set<UInt8> = [0x67, 0x69, 0x6b, 0x6d]

  private func meddle(_ bytes: inout [UInt8]) {
    var start = 0
    while let (operation, end) = Self.message(bytes, at: start) {
      start = end
      guard Self.writes.contains(bytes[operation]) else { continue }
      if let code {
        let content = operation + Self.header(bytes, at: operation)
        if bytes[content] == 0x0a { bytes[content + 2] = code }
      }
      pause()
    }
  }

  /// Where the operation of a message begins, and the next message; `nil` without one.
  private static func message(_ bytes: [UInt8], at start: Int) -> (operation: Int, end: Int)? {
    guard bytes.count > start + 8, bytes[start] == 0x30 else { return nil }
    let content = start + header(bytes, at: start)
    let length = bytes[(start + 1)...].prefix(content - start - 1)
    let size =
      length.count == 1
      ? Int(length.first ?? 0) : length.dropFirst().reduce(0) { $0 << 8 | Int($1) }
    let operation = content + 2 + Int(bytes[content + 1])
    return operation < bytes.count ? (operation, content + size) : nil
  }

  /// The size of tag and length (X.690 §8.1.3).
  private static func header(_ bytes: [UInt8], at start: Int) -> Int {
    bytes[start + 1] & 0x80 == 0 ? 2 : 2 + Int(bytes[start + 1] & 0x7f)
  }

  private func pause() {
    guard let body = meanwhile.withLock({ $0.take() }) else { return }
    let done = DispatchSemaphore(value: 0)
    Task {
      await body()
      done.signal()
    }
    done.wait()
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}
