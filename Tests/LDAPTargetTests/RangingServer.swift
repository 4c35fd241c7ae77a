import Foundation
import Testing

/// Gives the members of a group in ranges, as Active Directory does and no server that runs here. It
/// takes any bind, has no accounts, and answers every search for a `cn=` with the same group.
final class RangingServer: Sendable {
  let port: UInt16
  private let listener: Int32

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
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
    Thread.detachNewThread {
      while case let client = accept(listener, nil, nil), client >= 0 {
        Self.serve(client)
        _ = Foundation.close(client)
      }
    }
  }

  func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    _ = Foundation.close(listener)
  }

  /// Requests are short: one-byte lengths, ids below 128.
  private static func serve(_ client: Int32) {
    var request = [UInt8](repeating: 0, count: 2)
    while read(client, &request, 2) == 2 {
      var body = [UInt8](repeating: 0, count: Int(request[1]))
      if request[1] & 0x80 != 0 {
        var length = [UInt8](repeating: 0, count: Int(request[1] & 0x7f))
        guard read(client, &length, length.count) == length.count else { return }
        body = [UInt8](repeating: 0, count: length.reduce(0) { $0 << 8 | Int($1) })
      }
      guard read(client, &body, body.count) == body.count, body.count > 3 else { return }
      let id = Array(body[0..<3])
      let done: [UInt8] = [0x0a, 1, 0, 4, 0, 4, 0]
      let answer: [UInt8]
      switch body[3] {
      case 0x60: answer = element(0x30, id + element(0x61, done))
      case 0x63:
        let base = body.firstRange(of: Array("cn=".utf8))
        let entry = base == nil ? [] : element(0x30, id + group)
        answer = entry + element(0x30, id + element(0x65, done))
      default: return
      }
      guard write(client, answer, answer.count) == answer.count else { return }
    }
  }

  private static var group: [UInt8] {
    let attributes = [
      ("entryUUID", ["id"]), ("member", []), ("member;range=0-1", ["cn=x,ou=a", "cn=y,ou=a"]),
    ].map { name, values in
      element(0x30, text(name) + element(0x31, values.flatMap(text)))
    }
    return element(0x64, text("cn=big,ou=g") + element(0x30, attributes.flatMap { $0 }))
  }

  private static func text(_ text: String) -> [UInt8] { element(4, Array(text.utf8)) }

  private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    content.count < 128
      ? [tag, UInt8(content.count)] + content : [tag, 0x81, UInt8(content.count)] + content
  }
}
