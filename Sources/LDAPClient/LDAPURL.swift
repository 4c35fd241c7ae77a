/// Where a directory is: `ldap://host:port`, `ldaps://host`, `ldapi://%2Frun%2Fslapd%2Fldapi`.
package struct LDAPURL: Equatable, Sendable, CustomStringConvertible {
  package enum Scheme: String, Sendable { case ldap, ldaps, ldapi }

  package let scheme: Scheme
  /// A host name, an address without brackets, or the escaped path of a socket.
  package let host: String
  package let port: UInt16?

  /// Throws unless the text is scheme, host and optional port; a DN or filter has no place here. The
  /// error does not repeat the text, which may hold a password by mistake.
  package init(parsing text: String) throws(LDAPConfigurationError) {
    func fail(_ problem: String) -> LDAPConfigurationError {
      LDAPConfigurationError("the LDAP url: \(problem), as in ldaps://ldap1.example.org")
    }
    guard let colon = text.firstRange(of: "://"),
      let scheme = Scheme(rawValue: text[..<colon.lowerBound].lowercased())
    else { throw fail("must begin with ldap://, ldaps:// or ldapi://") }
    var rest = text[colon.upperBound...]
    guard !rest.contains("@") else { throw fail("must not hold a user name or password") }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    self.scheme = scheme
    if scheme == .ldapi {
      guard rest.utf8.allSatisfy(Self.isHostByte) else { throw fail("'/' in the path is %2F") }
      host = String(rest)
      port = nil
      return
    }
    var portText: Substring?
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      let tail = rest[rest.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { throw fail("junk after ']'") }
      portText = tail.isEmpty ? nil : tail.dropFirst()
      guard host.utf8.allSatisfy({ Self.isHostByte($0) || $0 == UInt8(ascii: ":") }) else {
        throw fail("no address between the brackets")
      }
    } else {
      let pieces = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      host = pieces.first.map(String.init) ?? ""
      portText = pieces.count > 1 ? pieces[1] : nil
      guard host.utf8.allSatisfy(Self.isHostByte) else {
        throw fail("only a host and a port may follow")
      }
    }
    guard !host.isEmpty else { throw fail("the host is missing") }
    if let portText {
      guard let port = UInt16(portText), port > 0 else { throw fail("the port is 1 to 65535") }
      self.port = port
    } else {
      port = nil
    }
  }

  package var description: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return "\(scheme)://\(name)\(port.map { ":\($0)" } ?? "")"
  }

  /// Whether traffic stays on this machine by the name alone; no name is looked up.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && numbers.allSatisfy { $0 != nil }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
      || "-._%~".utf8.contains(byte)
  }
}
