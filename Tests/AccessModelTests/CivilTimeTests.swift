import AccessModel
import Testing

struct CivilTimeTests {
  /// A calendar that counts, to hold the arithmetic against.
  private struct Calendar {
    var date: CivilTime

    mutating func advance() {
      date.day += 1
      guard date.day > CivilTime.daysInMonth(date.month, of: date.year) else { return }
      (date.day, date.month) = (1, date.month + 1)
      guard date.month > 12 else { return }
      (date.month, date.year) = (1, date.year + 1)
    }
  }

  /// Four centuries are a whole cycle of the calendar; both ends of what can be written besides.
  @Test(arguments: [(1, 146_100), (1800, 219_150), (9980, 7_304)])
  func `every day has its date, and every date its day`(year: Int, days: Int) {
    var calendar = Calendar(date: CivilTime(year: year, month: 1, day: 1))
    let first = Instant(calendar.date)
    for day in 0..<days {
      let instant = first.adding(.seconds(day * 86_400))
      guard instant.civilTime == calendar.date, Instant(calendar.date) == instant else {
        Issue.record("day \(day) is \(instant.civilTime), not \(calendar.date)")
        return
      }
      calendar.advance()
    }
  }

  @Test func `the last microsecond before 1970 is on the day before`() {
    let instant = Instant(microseconds: -1)
    #expect(
      instant.civilTime
        == CivilTime(
          year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59, microsecond: 999_999))
    #expect(Instant(instant.civilTime) == instant)
  }

  @Test(arguments: [(2024, 29), (2026, 28), (1900, 28), (2000, 29), (2100, 28)])
  func `february has its leap days`(year: Int, days: Int) {
    #expect(CivilTime.daysInMonth(2, of: year) == days)
  }

  @Test func `the time between two instants is signed`() {
    let (early, late) = (Instant(microseconds: 5), Instant(microseconds: 12))
    #expect(late.since(early) == .microseconds(7))
    #expect(early.since(late) == .microseconds(-7))
    #expect(early.adding(late.since(early)) == late)
  }
}
