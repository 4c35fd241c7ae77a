import Foundation
import Synchronization

/// Stands between a client and a directory, and lets something happen after the first write was done and
/// before the client is told.
final class Relay: Sendable {
  let port: UInt16
  private let listener: Int32
  private let server: UInt16
  private let meanwhile: Mutex<(@Sendable () async -> Void)?>

  init(before server: UInt16, meanwhile: @escaping @Sendable () async -> Void) throws {
    self.server = server
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
    }
  }

  func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    _ = Foundation.close(listener)
  }

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
    Thread.detachNewThread { [self] in copy(upstream, to: client, before: pause) }
  }

  private func copy(_ source: Int32, to sink: Int32, before: ([UInt8]) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(source, &buffer, buffer.count), count > 0 {
      before(Array(buffer[..<count]))
      guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(sink, Int32(SHUT_RDWR))
    shutdown(source, Int32(SHUT_RDWR))
  }

  /// At a ModifyResponse (RFC 4511 §4.6): a message whose operation has the tag 0x67.
  private func pause(_ bytes: [UInt8]) {
    let start = bytes.count > 1 && bytes[1] & 0x80 != 0 ? 2 + Int(bytes[1] & 0x7f) : 2
    guard bytes.count > start + 1, case let operation = start + 2 + Int(bytes[start + 1]),
      bytes.count > operation, bytes[operation] == 0x67,
      let body = meanwhile.withLock({ $0.take() })
    else { return }
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
