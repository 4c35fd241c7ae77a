/// Only those values of an entry that match (RFC 3876): of a schema the definitions that are of
/// interest, a few hundred bytes instead of a hundred thousand.
///
/// Not for members of groups: slapd compares every value with every filter, and reading them all costs
/// no more from the third value on.
extension RequestControl {
  package static let matchedValuesIdentifier = "1.2.826.0.1.3344810.2.3"

  /// A value of an attribute is sent if one of the filters is about it and true. They are simple ones: no
  /// `and`, `or` and `not`. Critical: all the values must not be taken for those that match.
  package static func matchedValues(_ filters: [Filter]) -> RequestControl {
    var writer = BERWriter()
    writer.sequence { writer in
      for filter in filters { filter.write(to: &writer) }
    }
    return RequestControl(
      identifier: matchedValuesIdentifier, isCritical: true, value: writer.bytes)
  }
}
