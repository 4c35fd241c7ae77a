internal import HTTPTransport

/// Where the next page is. A link is a redirect in disguise, so it is followed only to the same
/// scheme, host, port and path as the first page.
enum PageLink {
  /// As it was given. Throws for any other place, in words.
  static func url(_ text: String, after first: HTTPURL) throws(LinkFault) -> HTTPURL {
    let url: HTTPURL
    do throws(HTTPURL.SyntaxError) {
      url = try HTTPURL(parsing: escaped(text))
    } catch {
      throw LinkFault(description: "its @odata.nextLink is no absolute URL, so the rest is unread")
    }
    guard url.scheme == first.scheme, url.host == first.host, url.port == first.port else {
      throw LinkFault(
        description: "its @odata.nextLink leads to \(url.scheme)://\(url.host):\(url.port), which "
          + "gets no token and no request")
    }
    guard same(url.path, first.path) else {
      throw LinkFault(description: "its @odata.nextLink leads to another path, which is not asked")
    }
    return url
  }

  /// Graph's paths compare without regard to case, and functions may be written with parentheses.
  private static func same(_ path: String, _ first: String) -> Bool {
    func normal(_ path: String) -> String {
      var text = (PercentEncoding.decode(path) ?? path).lowercased()
      for end in ["()", "/"] where text.hasSuffix(end) { text.removeLast(end.count) }
      return text
    }
    return normal(path) == normal(first)
  }

  /// The characters that no URL can hold, escaped; everything else stays as it is.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      if byte > 0x20 && byte < 0x7f && !"\"<>\\^`{|}".utf8.contains(byte) {
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return escaped
  }
}

struct LinkFault: Error {
  let description: String
}
