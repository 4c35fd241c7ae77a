import AccessModel
import Testing

struct InstantParsingTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01t00:00:00z", 0),
    ("2026-01-12T20:08:52Z", 1_768_248_532_000_000),
    ("2026-01-12T21:08:52+01:00", 1_768_248_532_000_000),
    ("2026-01-12T14:38:52-05:30", 1_768_248_532_000_000),
    ("2026-01-13T20:07:52+23:59", 1_768_248_532_000_000),
    ("2026-01-12T20:08:52-00:00", 1_768_248_532_000_000),
    ("2028-02-29T00:00:00Z", 1_835_395_200_000_000),
    ("2000-02-29T23:59:59Z", 951_868_799_000_000),
    ("2038-01-19T03:14:08Z", 2_147_483_648_000_000),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ("2016-12-31T23:59:60Z", 1_483_228_799_999_999),
    ("2017-01-01T00:59:60+01:00", 1_483_228_799_999_999),
    ("2016-12-31T23:59:60.5Z", 1_483_228_799_999_999),
  ])
  func `an instant is read to the microsecond`(text: String, microseconds: Int64) throws {
    #expect(try Instant(parsing: text).microseconds == microseconds)
  }

  @Test(arguments: [
    ("", 0), (".5", 500_000), (".05", 50_000), (".005", 5_000), (".0005", 500), (".00005", 50),
    (".000005", 5), (".8216782", 821_678), (".82167829", 821_678), (".999999999", 999_999),
    (".000000000", 0),
  ])
  func `none to nine digits of a fraction are read, and what is finer is cut`(
    fraction: String, microseconds: Int64
  ) throws {
    let instant = try Instant(parsing: "1970-01-01T00:00:00\(fraction)Z")
    #expect(instant.microseconds == microseconds)
  }

  @Test(arguments: [
    ("2027-02-29T00:00:00Z", "month 2 of 2027 has 28 days"),
    ("1900-02-29T00:00:00Z", "month 2 of 1900 has 28 days"),
    ("2026-04-31T00:00:00Z", "month 4 of 2026 has 30 days"),
    ("2026-01-32T00:00:00Z", "month 1 of 2026 has 31 days"),
    ("2026-01-00T00:00:00Z", "month 1 of 2026 has 31 days"),
    ("2026-13-01T00:00:00Z", "there is no month 13"),
    ("2026-00-01T00:00:00Z", "there is no month 0"),
    ("0000-01-01T00:00:00Z", "year 0000 does not exist"),
    ("2026-01-01T24:00:00Z", "the hour must be 00 to 23"),
    ("2026-01-01T23:60:00Z", "the minute must be 00 to 59"),
    ("2026-01-01T23:59:61Z", "the second must be 00 to 60"),
    ("2026-06-30T12:00:60Z", "a leap second falls on 23:59:60 UTC only"),
    ("2026-06-30T23:59:60+01:00", "a leap second falls on 23:59:60 UTC only"),
    ("2026-01-01T00:00:00", "the offset is missing; write 'Z' for UTC"),
    ("2026-01-01T00:00:00+24:00", "the offset must be 00:00 to 23:59"),
    ("2026-01-01T00:00:00+01:60", "the offset must be 00:00 to 23:59"),
    ("2026-01-01T00:00:00+0100", "':' is missing"),
    ("2026-01-01T00:00:00+1:00", "the offset hour needs 2 digits"),
    ("2026-01-01T00:00:00 Z", "an offset ('Z' or '+hh:mm') must follow the time"),
    ("2026-01-01T00:00:00Z ", "text follows the offset"),
    ("2026-01-01T00:00:00.Z", "digits must follow the decimal point"),
    ("2026-01-01T00:00:00,5Z", "an offset ('Z' or '+hh:mm') must follow the time"),
    ("2026-01-01T00:00:00.1234567890Z", "more than nine fractional digits"),
    ("2026-01-01 00:00:00Z", "'T' must follow the date"),
    ("2026-01-01", "the time of day is missing"),
    ("2026-1-01T00:00:00Z", "the month needs 2 digits"),
    ("26-01-01T00:00:00Z", "the year needs 4 digits"),
    ("٢٠٢٦-01-01T00:00:00Z", "the year needs 4 digits"),
    (" 2026-01-01T00:00:00Z", "the year needs 4 digits"),
    ("-001-01-01T00:00:00Z", "the year needs 4 digits"),
    ("20260101T000000Z", "'-' is missing"),
    ("", "the year needs 4 digits"),
    ("null", "the year needs 4 digits"),
    ("0001-01-01T00:00:00+00:01", "the year must be 0001 to 9999 in UTC"),
    ("9999-12-31T23:59:59-00:01", "the year must be 0001 to 9999 in UTC"),
  ])
  func `what is no instant is refused by name`(text: String, reason: String) {
    let error = #expect(throws: InstantSyntaxError.self) { try Instant(parsing: text) }
    #expect(error?.reason == reason)
    #expect(error?.text == text)
  }

  @Test(arguments: [
    "0001-01-01T00:00:00Z", "2024-02-29T12:34:56.000001Z", "2027-01-12T20:08:52.82Z",
    "1969-07-20T20:17:40Z", "9999-12-31T23:59:59.999999Z",
  ])
  func `an instant is printed as it was read`(text: String) throws {
    #expect(try Instant(parsing: text).description == text)
  }
}
