/// Why a text is not an instant; `description` names the measured value and the rule.
package struct InstantSyntaxError: Error, Equatable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String { "'\(text)' is not an RFC 3339 instant: \(reason)" }
}

extension Instant {
  /// Reads RFC 3339 `date-time` text: `2026-01-12T20:08:52.8216782Z`, `2026-01-12T21:08:52+01:00`.
  ///
  /// Stricter than RFC 3339 §5.6 where being lenient would guess: the offset is required, the hour is
  /// 00–23, a date must exist, and years run from 0001 to 9999. Zero to nine fractional digits.
  /// A leap second `:60` is taken only at 23:59 UTC and means the last microsecond of that minute.
  package init(parsing text: String) throws(InstantSyntaxError) {
    var scanner = InstantScanner(text)
    self = try scanner.instant()
  }
}

private struct InstantScanner {
  private let text: String
  private var rest: Substring.UTF8View

  init(_ text: String) {
    self.text = text
    rest = text[...].utf8
  }

  mutating func instant() throws(InstantSyntaxError) -> Instant {
    var time = CivilTime(year: try number(4, "year"), month: 0, day: 0)
    try expect("-")
    time.month = try number(2, "month")
    try expect("-")
    time.day = try number(2, "day")
    guard rest.first == UInt8(ascii: "T") || rest.first == UInt8(ascii: "t") else {
      throw fault(rest.isEmpty ? "the time of day is missing" : "'T' must follow the date")
    }
    rest.removeFirst()
    time.hour = try number(2, "hour")
    try expect(":")
    time.minute = try number(2, "minute")
    try expect(":")
    time.second = try number(2, "second")
    time.microsecond = try fraction()
    let offset = try offsetInMinutes()
    guard rest.isEmpty else { throw fault("text follows the offset") }
    return try checked(time, offset: offset)
  }

  private func checked(
    _ time: CivilTime, offset: Int
  ) throws(InstantSyntaxError) -> Instant {
    guard time.year >= 1 else { throw fault("year 0000 does not exist") }
    guard 1...12 ~= time.month else { throw fault("there is no month \(time.month)") }
    let days = CivilTime.daysInMonth(time.month, of: time.year)
    guard 1...days ~= time.day else {
      throw fault("month \(time.month) of \(time.year) has \(days) days")
    }
    guard time.hour <= 23 else { throw fault("the hour must be 00 to 23") }
    guard time.minute <= 59 else { throw fault("the minute must be 00 to 59") }
    guard time.second <= 60 else { throw fault("the second must be 00 to 60") }

    var time = time
    let isLeapSecond = time.second == 60
    if isLeapSecond {
      time.second = 59
      time.microsecond = 999_999
    }
    let instant = Instant(time).adding(.seconds(-60 * offset))
    let utc = instant.civilTime
    guard !isLeapSecond || (utc.hour == 23 && utc.minute == 59) else {
      throw fault("a leap second falls on 23:59:60 UTC only")
    }
    guard 1...9999 ~= utc.year else { throw fault("the year must be 0001 to 9999 in UTC") }
    return instant
  }

  private mutating func number(
    _ width: Int, _ field: String
  ) throws(InstantSyntaxError) -> Int {
    var value = 0
    for _ in 0..<width {
      guard let byte = rest.first, let digit = digit(byte) else {
        throw fault("the \(field) needs \(width) digits")
      }
      value = value * 10 + digit
      rest.removeFirst()
    }
    return value
  }

  private mutating func fraction() throws(InstantSyntaxError) -> Int {
    guard rest.first == UInt8(ascii: ".") else { return 0 }
    rest.removeFirst()
    var value = 0
    var count = 0
    while let byte = rest.first, let digit = digit(byte) {
      count += 1
      guard count <= 9 else { throw fault("more than nine fractional digits") }
      if count <= 6 { value = value * 10 + digit }
      rest.removeFirst()
    }
    guard count > 0 else { throw fault("digits must follow the decimal point") }
    for _ in min(count, 6)..<6 { value *= 10 }
    return value
  }

  private mutating func offsetInMinutes() throws(InstantSyntaxError) -> Int {
    let sign = rest.popFirst()
    switch sign {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      return 0
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      let hours = try number(2, "offset hour")
      try expect(":")
      let minutes = try number(2, "offset minute")
      guard hours <= 23, minutes <= 59 else { throw fault("the offset must be 00:00 to 23:59") }
      return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    case nil:
      throw fault("the offset is missing; write 'Z' for UTC")
    default:
      throw fault("an offset ('Z' or '+hh:mm') must follow the time")
    }
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(InstantSyntaxError) {
    guard rest.first == UInt8(ascii: character) else {
      throw fault("'\(character)' is missing")
    }
    rest.removeFirst()
  }

  private func digit(_ byte: UInt8) -> Int? {
    (0x30...0x39).contains(byte) ? Int(byte) - 0x30 : nil
  }

  private func fault(_ reason: String) -> InstantSyntaxError {
    InstantSyntaxError(text: text, reason: reason)
  }
}
