internal import Glibc
internal import Synchronization

/// A TCP port on 127.0.0.1 for a server that is started later, and perhaps stopped and started again.
///
/// Below those that Linux gives to connections by itself (ip(7), `ip_local_port_range`): one of them
/// could be a connection's by the time that the server wants it back.
package enum LoopbackPort {
  private static let range = UInt16(10_240)..<32_768
  private static let next = Mutex(UInt16.random(in: range))

  /// One that nothing listens on, and that this process was not given before.
  package static func unused() throws -> UInt16 {
    for _ in range {
      let port = next.withLock { next in
        next = next + 1 < range.upperBound ? next + 1 : range.lowerBound
        return next
      }
      if isFree(port) { return port }
    }
    throw SCIMServerError(description: "no port on loopback is free")
  }

  /// Whether a server takes connections there.
  package static func accepts(_ port: UInt16) -> Bool {
    withSocket(port) { connect($0, $1, $2) == 0 }
  }

  private static func isFree(_ port: UInt16) -> Bool {
    withSocket(port) { bind($0, $1, $2) == 0 }
  }

  private static func withSocket(
    _ port: UInt16, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
  ) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafeBytes(of: &address) { bytes in
      guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return false
      }
      return body(descriptor, pointer, socklen_t(bytes.count))
    }
  }
}
