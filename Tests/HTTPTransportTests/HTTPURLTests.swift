import HTTPTransport
import Testing

@Suite struct HTTPURLTests {
  @Test(arguments: [
    ("https://Wiki.Example.ORG/scim/v2", "https://wiki.example.org/scim/v2"),
    ("HTTPS://a:443", "https://a"),
    ("http://127.0.0.1:8101/v2?x=y", "http://127.0.0.1:8101/v2?x=y"),
    ("https://[::1]:8443/", "https://[::1]:8443/"),
  ])
  func `a URL is read and written`(text: String, expected: String) throws {
    #expect(try HTTPURL(parsing: text).description == expected)
  }

  @Test(arguments: [
    "", "wiki.example.org", "ftp://a/", "https://", "https:///x", "https://a:0/",
    "https://a:99999/",
    "https://a:8x/", "https://user:word@a/", "https://a/#x", "https://a/b c", "https://a/\r\nX: 1",
    "https://[::1", "https://é/", "https://a\\@b/", "https:/a", "https://a:+80/",
  ])
  func `what is no plain URL is an error`(text: String) {
    #expect(throws: HTTPURL.SyntaxError.self) { try HTTPURL(parsing: text) }
  }

  @Test(arguments: [
    ("https://a/scim", "https://a/scim/Users/x"), ("https://a/scim/", "https://a/scim/Users/x"),
    ("https://a", "https://a/Users/x"),
  ])
  func `parts are joined by one slash`(base: String, expected: String) throws {
    #expect(try HTTPURL(parsing: base).appending("Users", "x").description == expected)
  }

  @Test func `segments and queries are escaped`() throws {
    let url = try HTTPURL(parsing: "https://a/v2").appending("Users", "a/b?c@é")
      .with(query: [("filter", #"userName eq "a&b""#), ("count", "1")])
    #expect(
      url.description == "https://a/v2/Users/a%2Fb%3Fc%40%C3%A9"
        + "?filter=userName%20eq%20%22a%26b%22&count=1")
  }

  @Test(arguments: [
    ("http://localhost/", true), ("http://127.9.9.9/", true), ("http://[::1]/", true),
    ("http://127.0.0.1.example.org/", false), ("http://127.0.0/", false),
    ("http://localhost.example.org/", false), ("http://10.0.0.1/", false),
  ])
  func `loopback is known by its address`(text: String, expected: Bool) throws {
    #expect(try HTTPURL(parsing: text).isLoopback == expected)
  }

  @Test(arguments: [("%41b%2F", "Ab/"), ("a+b", "a+b"), ("%C3%A9", "é")])
  func `escapes are undone`(text: String, expected: String) {
    #expect(PercentEncoding.decode(text) == expected)
  }

  @Test(arguments: ["%", "%4", "%zz", "%FF"])
  func `a broken escape is no text`(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }
}
