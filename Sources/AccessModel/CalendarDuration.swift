/// An ISO 8601 duration such as `P30D`, `PT24H` or `P1Y2M`, added on the UTC calendar.
package struct CalendarDuration: Hashable, Sendable {
  package var months: Int
  package var days: Int
  package var seconds: Int

  package init(months: Int = 0, days: Int = 0, seconds: Int = 0) {
    self.months = months
    self.days = days
    self.seconds = seconds
  }
}

/// Why a text is not a duration.
package struct DurationSyntaxError: Error, Equatable, CustomStringConvertible {
  package let text: String

  package var description: String {
    "'\(text)' is not an ISO 8601 duration such as P30D, PT15M or P1Y"
  }
}

extension CalendarDuration {
  /// Reads `P[nY][nM][nW][nD][T[nH][nM][nS]]` with whole, non-negative numbers in that order, at
  /// most some 9999 years of each, so that it can be added to any instant.
  package init(parsing text: String) throws(DurationSyntaxError) {
    self.init()
    let fault = DurationSyntaxError(text: text)
    guard text.utf8.first == UInt8(ascii: "P") else { throw fault }
    var units: [(Character, WritableKeyPath<Self, Int>, Int)] = [
      ("Y", \.months, 12), ("M", \.months, 1), ("W", \.days, 7), ("D", \.days, 1),
    ]
    var number: Int?
    var parts = 0
    var isTime = false
    for character in text.dropFirst() {
      if let digit = character.wholeNumberValue, character.isASCII {
        let (value, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        guard !overflow, value < 1_000_000_000 else { throw fault }
        number = value + digit
      } else if character == "T", !isTime, number == nil {
        isTime = true
        parts = 0
        units = [("H", \.seconds, 3600), ("M", \.seconds, 60), ("S", \.seconds, 1)]
      } else if let value = number, let unit = units.firstIndex(where: { $0.0 == character }) {
        self[keyPath: units[unit].1] += value * units[unit].2
        units.removeSubrange(...unit)
        number = nil
        parts += 1
      } else {
        throw fault
      }
    }
    guard parts > 0, number == nil else { throw fault }
    guard months <= 9999 * 12, days <= 9999 * 366, seconds <= 9999 * 366 * 86_400 else {
      throw fault
    }
  }
}

extension CalendarDuration: CustomStringConvertible {
  package var description: String {
    var text = "P"
    if months > 0 { text += "\(months)M" }
    if days > 0 { text += "\(days)D" }
    if seconds > 0 {
      text += "T"
      if seconds >= 3600 { text += "\(seconds / 3600)H" }
      if seconds / 60 % 60 > 0 { text += "\(seconds / 60 % 60)M" }
      if seconds % 60 > 0 { text += "\(seconds % 60)S" }
    }
    return text == "P" ? "PT0S" : text
  }
}

extension Instant {
  /// Adds months first, keeping the day or taking the month's last, then days of 24 hours, then seconds.
  package func adding(_ duration: CalendarDuration) -> Instant {
    var time = civilTime
    let months = time.year * 12 + time.month - 1 + duration.months
    time.year = months / 12
    time.month = months % 12 + 1
    time.day = min(time.day, CivilTime.daysInMonth(time.month, of: time.year))
    return Instant(time).adding(.seconds(duration.days * 86_400 + duration.seconds))
  }
}
