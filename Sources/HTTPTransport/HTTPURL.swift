/// An absolute http or https URL, taken apart strictly (RFC 3986): no user information, no
/// fragment, no character that would have to be escaped.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
  package struct SyntaxError: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package enum Scheme: String, Sendable { case http, https }

  package let scheme: Scheme
  /// In lower case; an IPv6 address keeps its brackets.
  package let host: String
  package let port: UInt16
  /// Percent-encoded; empty or starting with a slash.
  package let path: String
  /// Percent-encoded, without its question mark.
  package let query: String?

  private init(scheme: Scheme, host: String, port: UInt16, path: String, query: String?) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
    self.query = query
  }

  package init(parsing text: String) throws(SyntaxError) {
    guard text.utf8.allSatisfy(Self.isAllowed) else {
      throw SyntaxError(
        description: "the URL holds a character that is not allowed in URLs; escape it with %")
    }
    guard let colon = text.firstIndex(of: ":"),
      let scheme = Scheme(rawValue: text[..<colon].lowercased()),
      text[colon...].hasPrefix("://")
    else { throw SyntaxError(description: "the URL must start with https:// (or http://)") }
    let rest = text[colon...].dropFirst(3)
    guard !rest.contains("#") else {
      throw SyntaxError(description: "the URL must not have a fragment (#)")
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else {
      throw SyntaxError(description: "the URL must not hold a user name or password")
    }
    let (host, port) = try Self.split(authority, scheme: scheme)
    let target = rest[authority.endIndex...]
    let path = target.prefix { $0 != "?" }
    self.init(
      scheme: scheme, host: host, port: port, path: String(path),
      query: path.endIndex == target.endIndex
        ? nil : String(target[target.index(after: path.endIndex)...]))
  }

  private static func split(
    _ authority: Substring, scheme: Scheme
  ) throws(SyntaxError) -> (host: String, port: UInt16) {
    let isBracketed = authority.hasPrefix("[")
    let hostEnd =
      isBracketed
      ? authority.firstIndex(of: "]").map(authority.index(after:)) ?? authority.endIndex
      : authority.firstIndex(of: ":") ?? authority.endIndex
    let host = authority[..<hostEnd].lowercased()
    guard !host.isEmpty, host.utf8.allSatisfy({ isHost($0, inBrackets: isBracketed) }),
      !isBracketed || (host.hasSuffix("]") && host.utf8.count > 2)
    else { throw SyntaxError(description: "the URL has no valid host name") }
    guard hostEnd != authority.endIndex else { return (host, scheme == .https ? 443 : 80) }
    let digits = authority[hostEnd...].dropFirst()
    guard authority[hostEnd] == ":", digits.allSatisfy(\.isASCIIDigit),
      let port = UInt16(digits), port > 0
    else { throw SyntaxError(description: "the URL has no valid port") }
    return (host, port)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && !"\"<>\\^`{|}".utf8.contains(byte)
  }

  private static func isHost(_ byte: UInt8, inBrackets: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: inBrackets && "[:]".utf8.contains(byte)
    }
  }

  /// Whether the host is this machine by name or address, whatever a resolver says.
  package var isLoopback: Bool {
    host == "localhost" || host == "[::1]" || address?[0] == 127
  }

  /// Whether the host is an address that no router passes on (RFC 3927).
  package var isLinkLocal: Bool { address.map { $0[0] == 169 && $0[1] == 254 } ?? false }

  /// The four numbers of an IPv4 address.
  private var address: [UInt8]? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt8($0) }
    return parts.count == 4 && numbers.count == 4 ? numbers : nil
  }

  /// Whether it may be used at all: https, or http that does not leave this machine.
  package var isProtected: Bool { scheme == .https || isLoopback }

  /// The URL of a resource below this one: one slash between the parts, each segment escaped.
  package func appending(_ segments: String...) -> HTTPURL {
    var joined = path
    for segment in segments {
      if !joined.hasSuffix("/") { joined += "/" }
      joined += PercentEncoding.encode(segment)
    }
    return HTTPURL(scheme: scheme, host: host, port: port, path: joined, query: query)
  }

  /// The same with its query replaced; names and values are escaped, the order is kept.
  package func with(query items: [(name: String, value: String)]) -> HTTPURL {
    let query = items.map {
      PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value)
    }.joined(separator: "&")
    return HTTPURL(
      scheme: scheme, host: host, port: port, path: path, query: items.isEmpty ? nil : query)
  }

  package var description: String {
    let isDefault = port == (scheme == .https ? 443 : 80)
    return "\(scheme.rawValue)://\(host)\(isDefault ? "" : ":\(port)")\(path)"
      + (query.map { "?\($0)" } ?? "")
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
}
