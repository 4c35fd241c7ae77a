internal import HTTPTransport
internal import JSON
import Legibility

/// A status that is no success, with what the body says of it (RFC 7644 §3.12).
package struct ErrorAnswer: Sendable, Equatable, CustomStringConvertible {
  package let status: Int
  /// `uniqueness`, `invalidPath`, …; often missing.
  package let scimType: String?
  /// The service's own words: clipped, escaped, and without the values that were sent.
  package let detail: String?
  /// Bytes of the request's body where that was too large (413).
  package let tooLarge: Int?

  package init(status: Int, scimType: String? = nil, detail: String? = nil) {
    self.status = status
    self.scimType = scimType
    self.detail = detail
    tooLarge = nil
  }

  /// The status line counts, not the body's `status`, which some services write as a number or
  /// wrongly.
  init(_ response: HTTPResponse, to request: HTTPRequest, redacting values: [String]) {
    status = response.status
    tooLarge = status == 413 ? request.body?.count : nil
    var words: String?
    do throws(MalformedJSON) {
      let body = try JSONValue(parsing: response.body)
      scimType = body["scimType"]?.text.map { Self.legible($0, redacting: values) }
      words = body["detail"]?.text
    } catch {
      scimType = nil
      words = Self.words(ofPage: String(decoding: response.body.prefix(1000), as: UTF8.self))
      if let said = words, said.hasPrefix("\(status) ") { words = String(said.dropFirst(4)) }
    }
    detail = words.map { Self.legible($0, redacting: values) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  package var description: String {
    "\(status)" + (scimType.map { " \($0)" } ?? "") + (detail.map { ": \($0)" } ?? "")
      + (tooLarge.map {
        "; the request has \($0) bytes, more than the service, or a proxy before it, takes"
      } ?? "")
  }

  /// Of an HTML page, as proxies send it, the title, or else what it shows; any other text as it is.
  private static func words(ofPage text: String) -> String {
    guard text.first(where: { !$0.isWhitespace }) == "<" else { return text }
    let page = text.lowercased()
    if let start = page.firstRange(of: "<title>"), let end = page.firstRange(of: "</title>"),
      start.upperBound < end.lowerBound, page.utf8.count == text.utf8.count
    {
      return String(text[start.upperBound..<end.lowerBound])
    }
    var shown = ""
    var isTag = false
    for character in text {
      if character == "<" { isTag = true } else if !isTag { shown.append(character) }
      if character == ">" {
        isTag = false
        shown.append(" ")
      }
    }
    return String(shown.drop(while: \.isWhitespace))
  }

  private static func legible(_ text: String, redacting values: [String]) -> String {
    var text = text
    for value in values where value.utf8.count >= 3 { text = text.replacing(value, with: "‹…›") }
    var clipped = ""
    var isSpace = true
    for scalar in text.unicodeScalars {
      guard clipped.utf8.count < 200 else { return clipped + "…" }
      if scalar.properties.isWhitespace {
        if !isSpace { clipped += " " }
        isSpace = true
      } else {
        clipped += scalar.isHidden ? "?" : String(scalar)
        isSpace = false
      }
    }
    return clipped.hasSuffix(" ") ? String(clipped.dropLast()) : clipped
  }
}
