import AccessModel
import Testing

struct CalendarDurationTests {
  @Test(arguments: [
    ("P30D", CalendarDuration(days: 30)),
    ("PT24H", CalendarDuration(seconds: 86_400)),
    ("PT15M", CalendarDuration(seconds: 900)),
    ("P1Y2M", CalendarDuration(months: 14)),
    ("P2W", CalendarDuration(days: 14)),
    ("P1Y1M1W1DT1H1M1S", CalendarDuration(months: 13, days: 8, seconds: 3661)),
    ("P0D", CalendarDuration()),
    ("PT0S", CalendarDuration()),
    ("P1M", CalendarDuration(months: 1)),
    ("PT1M", CalendarDuration(seconds: 60)),
  ])
  func `a duration is read`(text: String, duration: CalendarDuration) throws {
    #expect(try CalendarDuration(parsing: text) == duration)
  }

  @Test(arguments: [
    "", "P", "PT", "P1DT", "30D", "P30", "P-1D", "-P1D", "P1.5D", "P1D1D", "P1D1Y", "PT1S1H", "P1H",
    "PT1D", "P 1D", "p1d", "P1d", "PTT1H", "PT1HT1M", "P٣D", "P1D ", "P99999999999999999999D",
    "P999999999Y", "P999999999D", "PT9999999999H",
  ])
  func `what is no duration, or none anybody can wait for, is refused`(text: String) {
    let error = #expect(throws: DurationSyntaxError.self) { try CalendarDuration(parsing: text) }
    #expect(error?.text == text)
  }

  @Test(arguments: [
    ("P30D", "P30D"), ("PT24H", "PT24H"), ("P1Y2M", "P14M"), ("P2W", "P14D"),
    ("PT3661S", "PT1H1M1S"), ("P0D", "PT0S"), ("P1M2DT3S", "P1M2DT3S"), ("PT3600S", "PT1H"),
  ])
  func `a duration is printed in a form that reads the same`(text: String, printed: String) throws {
    let duration = try CalendarDuration(parsing: text)
    #expect(duration.description == printed)
    #expect(try CalendarDuration(parsing: printed) == duration)
  }

  @Test(arguments: [
    ("2026-01-31T12:00:00Z", "P1M", "2026-02-28T12:00:00Z"),
    ("2024-01-31T12:00:00Z", "P1M", "2024-02-29T12:00:00Z"),
    ("2024-02-29T00:00:00Z", "P1Y", "2025-02-28T00:00:00Z"),
    ("2024-02-29T00:00:00Z", "P4Y", "2028-02-29T00:00:00Z"),
    ("2026-12-31T23:59:59.5Z", "P2M", "2027-02-28T23:59:59.5Z"),
    ("2026-03-31T00:00:00Z", "P1M1D", "2026-05-01T00:00:00Z"),
    ("2026-12-15T00:00:00Z", "P1M", "2027-01-15T00:00:00Z"),
    ("2026-02-28T00:00:00Z", "P1D", "2026-03-01T00:00:00Z"),
    ("2026-12-31T23:00:00Z", "PT2H", "2027-01-01T01:00:00Z"),
    ("2026-01-01T00:00:00Z", "PT0S", "2026-01-01T00:00:00Z"),
  ])
  func `months keep the day or take the last, then days and seconds are added`(
    start: String, duration: String, end: String
  ) throws {
    let sum = try Instant(parsing: start).adding(try CalendarDuration(parsing: duration))
    #expect(sum.description == end)
  }

  @Test func `the longest duration can still be added to the last instant`() throws {
    let last = try Instant(parsing: "9999-12-31T23:59:59.999999Z")
    for text in ["P9999Y", "P3652000D", "PT87648000H"] {
      #expect(last.adding(try CalendarDuration(parsing: text)) > last)
    }
  }
}
