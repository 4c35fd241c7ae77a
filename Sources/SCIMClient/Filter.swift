internal import JSON

/// A filter (RFC 7644 §3.4.2.2). Only `eq`, which is all that services agree on.
package struct Filter: Sendable, CustomStringConvertible {
  package let attribute: String
  package let value: String
  /// Joined by `and`, which goes before this one.
  private var other: [Filter] = []

  package static func equals(_ attribute: String, _ value: String) -> Filter {
    Filter(attribute: attribute, value: value)
  }

  private init(attribute: String, value: String) {
    (self.attribute, self.value) = (attribute, value)
  }

  /// What both select.
  package func and(_ filter: Filter) -> Filter {
    var both = filter
    both.other = other + [Filter(attribute: attribute, value: value)]
    return both
  }

  /// Its text; the value is quoted and escaped as a JSON string.
  package var description: String {
    let own = "\(attribute) eq \(String(decoding: JSONValue.string(value).encoded, as: UTF8.self))"
    return (other.map(\.description) + [own]).joined(separator: " and ")
  }
}
