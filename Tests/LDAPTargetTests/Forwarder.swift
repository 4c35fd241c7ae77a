import Foundation
import Synchronization
import Testing

/// A way to a server on loopback that can be cut, and that can hold what a client sends until something
/// else has been done.
final class Forwarder: Sendable {
  let port: UInt16
  private let listener: Int32
  private let ends = Mutex<[Int32]>([])

  /// `before` sees what a client sends before the server does, may take its time, and may change it.
  init(
    to server: UInt16, of host: String = "127.0.0.1",
    before: @escaping @Sendable (inout [UInt8]) -> Void = { _ in }
  ) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.address("127.0.0.1", 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0
          ? getsockname(listener, $0, &size) : -1
      }
    }
    try #require(code == 0)
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(host, server)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(other, $0, size) }
        }
        ends.withLock { $0 += [client, other] }
        guard code == 0 else { continue }
        Thread.detachNewThread { Self.pump(client, other, before) }
        Thread.detachNewThread { Self.pump(other, client) { _ in } }
      }
    }
  }

  func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    for end in ends.withLock({ $0 }) { shutdown(end, Int32(SHUT_RDWR)) }
  }

  private static func pump(_ from: Int32, _ to: Int32, _ before: (inout [UInt8]) -> Void) {
    var bytes = [UInt8](repeating: 0, count: 65536)
    while case let count = read(from, &bytes, bytes.count), count > 0 {
      var sent = Array(bytes[..<count])
      before(&sent)
      guard send(to, sent, sent.count, Int32(MSG_NOSIGNAL)) == sent.count else { break }
    }
    shutdown(to, Int32(SHUT_RDWR))
  }

  private static func address(_ host: String, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(host)
    return address
  }
}
