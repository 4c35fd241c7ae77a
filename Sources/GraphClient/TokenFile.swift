internal import Glibc
package import OAuth
package import Secrets

/// A token that a platform keeps fresh in a file, read anew for every request.
package enum TokenFile {
  private static let longest = 65_536

  /// Throws if it cannot be read, or is no single line of visible characters.
  package static func read(_ path: String) throws(TokenError) -> Secret {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw fault(path, "cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: longest)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else {
      throw fault(path, "cannot be read: \(String(cString: strerror(errno)))")
    }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    let line = String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
    guard !line.isEmpty, count < longest, line.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw fault(path, "holds no token")
    }
    return Secret(Array(line.utf8))
  }

  private static func fault(_ path: String, _ words: String) -> TokenError {
    TokenError(isPermanent: true, message: "token file \(path) \(words)")
  }
}
