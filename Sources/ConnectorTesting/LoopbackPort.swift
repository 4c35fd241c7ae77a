internal import Glibc

/// A TCP port on 127.0.0.1 that nothing used a moment ago.
package enum LoopbackPort {
  package static func unused() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw SCIMServerError(description: "no socket can be made") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutableBytes(of: &address) { bytes in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return Int32(-1)
      }
      return bind(descriptor, base, length) == 0 ? getsockname(descriptor, base, &length) : -1
    }
    guard status == 0 else { throw SCIMServerError(description: "no port on loopback is free") }
    return UInt16(bigEndian: address.sin_port)
  }
}
