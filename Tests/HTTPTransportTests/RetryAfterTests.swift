import HTTPTransport
import Testing

@Suite struct RetryAfterTests {
  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599),
      ("Sat, 21 Nov 2026 06:00:00 GMT", 1_795_240_800),
    ] as [(String, Int64)])
  func `the date of HTTP is read`(text: String, expected: Int64) {
    #expect(IMFFixdate.seconds(parsing: text) == expected)
  }

  @Test(arguments: [
    "Mon, 06 Nov 1994 08:49:37 GMT", "Mon, 29 Feb 2027 00:00:00 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    "sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "",
  ])
  func `anything else is not`(text: String) {
    #expect(IMFFixdate.seconds(parsing: text) == nil)
  }

  @Test(
    arguments: [
      (["Retry-After": "7"], Duration.seconds(7)),
      (["retry-after": " 0"], .seconds(0)),
      (
        [
          "Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
        ], .seconds(10)
      ),
      (
        [
          "Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:47 GMT",
        ], .seconds(0)
      ),
      (["Retry-After": "99999999999999999999999"], .seconds(366 * 86_400)),
      (["Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"], nil),
      (["Retry-After": "-1"], nil), (["Retry-After": "soon"], nil), (["Retry-After": ""], nil),
      ([:], nil),
    ] as [([String: String], Duration?)])
  func `the delay is in seconds or until a date of the same clock`(
    fields: [String: String], expected: Duration?
  ) {
    let response = HTTPResponse(status: 429, fields: fields.map { HTTPField($0.key, $0.value) })
    #expect(RetryAfter.delay(of: response) == expected)
  }
}
