/// The `Retry-After` header: a number of seconds or a date (RFC 9110 §10.2.3).
package enum RetryAfter: Equatable, Sendable {
  case seconds(Int64)
  /// Seconds since 1970.
  case date(Int64)

  /// `nil` for anything else.
  package init?(parsing text: String) {
    let text = text.drop { $0 == " " }
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      self = .seconds(Int64(text) ?? .max)
    } else if let date = IMFFixdate.seconds(parsing: String(text)) {
      self = .date(date)
    } else {
      return nil
    }
  }

  /// How long to wait. A date is measured against the answer's own `Date` header, so that neither
  /// clock needs to be right; without one there is no telling, and the answer is `nil`.
  package static func delay(of response: HTTPResponse) -> Duration? {
    guard let text = response["Retry-After"], let value = RetryAfter(parsing: text) else {
      return nil
    }
    switch value {
    case .seconds(let seconds): return .seconds(min(seconds, longest))
    case .date(let until):
      guard let now = response.serverTime else { return nil }
      return .seconds(min(max(0, until - now), longest))
    }
  }

  /// A year: more is no delay but a mistake, and would overflow what is computed with it.
  private static let longest: Int64 = 366 * 86_400
}
