/// One header line. A sensitive value is never printed.
package struct HTTPField: Sendable, CustomStringConvertible, CustomReflectable {
  package let name: String
  package let value: String
  package let isSensitive: Bool

  package init(_ name: String, _ value: String, isSensitive: Bool = false) {
    self.name = name
    self.value = value
    self.isSensitive = isSensitive
  }

  package var description: String { "\(name): \(isSensitive ? "<redacted>" : value)" }
  package var customMirror: Mirror { Mirror(self, children: ["field": description]) }
}

package struct HTTPRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  package var method: Method
  package var url: HTTPURL
  package var fields: [HTTPField]
  package var body: [UInt8]?

  package init(
    _ method: Method, _ url: HTTPURL, fields: [HTTPField] = [], body: [UInt8]? = nil
  ) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
  }
}

package struct HTTPResponse: Sendable {
  package var status: Int
  package var fields: [HTTPField]
  package var body: [UInt8]

  package init(status: Int, fields: [HTTPField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// The first value of a header; names compare without regard to case (RFC 9110 §5.1).
  package subscript(name: String) -> String? {
    fields.first { field in
      field.name.utf8.elementsEqual(name.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }?.value
  }

  /// The server's own clock when it answered, in seconds since 1970: its `Date` header (RFC 9110
  /// §6.6.1). `nil` without one that can be read.
  package var serverTime: Int64? { self["Date"].flatMap(IMFFixdate.seconds(parsing:)) }
}

extension UInt8 {
  fileprivate var asciiLowercased: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}
