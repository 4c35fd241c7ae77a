/// The date form of HTTP header values, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum IMFFixdate {
  /// Seconds since 1970; `nil` for anything else than this form, and for days that do not exist or
  /// are not the named day of the week.
  package static func seconds(parsing text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 29, template.indices.allSatisfy({ matches(bytes[$0], template[$0]) }),
      let weekday = weekdays.firstIndex(of: String(decoding: bytes[0..<3], as: UTF8.self)),
      let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self))
    else { return nil }
    let day = number(bytes[5..<7])
    let year = number(bytes[12..<16])
    let (hour, minute, second) = (
      number(bytes[17..<19]), number(bytes[20..<22]), number(bytes[23..<25])
    )
    guard day >= 1, day <= length(ofMonth: month, year: year), hour < 24, minute < 60, second < 60
    else { return nil }
    let days = daysSince1970(year: year, month: month + 1, day: day)
    // The first of January 1970 was a Thursday.
    guard (((days + 3) % 7) + 7) % 7 == weekday else { return nil }
    return Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
  }

  /// `0` stands for a digit, `a` for a letter, anything else for itself.
  private static let template = Array("aaa, 00 aaa 0000 00:00:00 GMT".utf8)
  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func matches(_ byte: UInt8, _ pattern: UInt8) -> Bool {
    switch pattern {
    case UInt8(ascii: "0"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    case UInt8(ascii: "a"): (UInt8(ascii: "A")...UInt8(ascii: "z")).contains(byte)
    default: byte == pattern
    }
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int {
    digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func length(ofMonth month: Int, year: Int) -> Int {
    if month == 1 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [3, 5, 8, 10].contains(month) ? 30 : 31
  }

  /// Days of the proleptic Gregorian calendar, counted in years that start in March.
  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }
}
