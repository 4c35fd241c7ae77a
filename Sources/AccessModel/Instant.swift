/// A point in time, UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Read from RFC 3339 text by a strict parser: Foundation's own turns 29 February 2027 into 1 March,
/// and access that should have ended would live a day longer. Digits beyond the sixth are cut, so a
/// parsed instant is never later than the text says.
package struct Instant: Hashable, Comparable, Sendable {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }

  package func adding(_ duration: Duration) -> Instant {
    let (seconds, attoseconds) = duration.components
    return Instant(
      microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  /// How long it is from `earlier` until this instant; negative if `earlier` is later.
  package func since(_ earlier: Instant) -> Duration {
    .microseconds(microseconds - earlier.microseconds)
  }
}

/// A date on the proleptic Gregorian calendar and a time of day, both UTC.
package struct CivilTime: Equatable, Sendable {
  package var year: Int, month: Int, day: Int
  package var hour = 0, minute = 0, second = 0, microsecond = 0

  package init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0,
    microsecond: Int = 0
  ) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
    self.microsecond = microsecond
  }

  package static func daysInMonth(_ month: Int, of year: Int) -> Int {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    return month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }
}

extension Instant {
  private static let microsecondsPerDay: Int64 = 86_400_000_000

  /// Days are counted from 1 March of year 0, so that the leap day is the last of its year.
  package init(_ time: CivilTime) {
    let year = Int64(time.month <= 2 ? time.year - 1 : time.year)
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * ((time.month + 9) % 12) + 2) / 5 + time.day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    let seconds = Int64(time.hour * 3600 + time.minute * 60 + time.second)
    microseconds = days * Self.microsecondsPerDay + seconds * 1_000_000 + Int64(time.microsecond)
  }

  package var civilTime: CivilTime {
    var days = microseconds / Self.microsecondsPerDay
    var rest = microseconds % Self.microsecondsPerDay
    if rest < 0 {
      days -= 1
      rest += Self.microsecondsPerDay
    }
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    let seconds = Int(rest / 1_000_000)
    return CivilTime(
      year: year, month: month, day: day, hour: seconds / 3600, minute: seconds / 60 % 60,
      second: seconds % 60, microsecond: Int(rest % 1_000_000))
  }
}

extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC, with as many fractional digits as there are: `2027-01-12T20:08:52.82Z`.
  package var description: String {
    let time = civilTime
    var text = "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
    text += "T\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
    if time.microsecond != 0 {
      var digits = padded(time.microsecond, 6)
      while digits.hasSuffix("0") { digits.removeLast() }
      text += ".\(digits)"
    }
    return text + "Z"
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Instant: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      self = try Instant(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
