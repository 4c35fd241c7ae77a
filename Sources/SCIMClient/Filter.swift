/// A filter (RFC 7644 §3.4.2.2). Only `eq`, which is all that services agree on.
package struct Filter: Sendable, CustomStringConvertible {
  package let attribute: String
  package let value: String

  package static func equals(_ attribute: String, _ value: String) -> Filter {
    Filter(attribute: attribute, value: value)
  }

  /// Its text; the value is quoted and escaped as a JSON string.
  package var description: String {
    "\(attribute) eq \(String(decoding: JSONValue.string(value).encoded, as: UTF8.self))"
  }
}
