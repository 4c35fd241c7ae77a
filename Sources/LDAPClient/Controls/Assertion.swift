/// Compare-and-swap (RFC 4528): the request is carried out only if the entry matches the filter in that
/// instant, and is otherwise answered with `assertionFailed`.
extension RequestControl {
  package static let assertionIdentifier = "1.3.6.1.1.12"

  /// Critical: a server that does not know it must not write unguarded.
  package static func assertion(_ filter: Filter) -> RequestControl {
    RequestControl(identifier: assertionIdentifier, isCritical: true, value: filter.encoded)
  }
}

extension Filter {
  /// As RFC 4511 §4.5.1.7 encodes it.
  var encoded: [UInt8] {
    var writer = BERWriter()
    write(to: &writer)
    return writer.bytes
  }

  func write(to writer: inout BERWriter) {
    switch self {
    case .and(let filters):
      writer.sequence(tag: 0xa0) { for part in filters { part.write(to: &$0) } }
    case .or(let filters):
      writer.sequence(tag: 0xa1) { for part in filters { part.write(to: &$0) } }
    case .not(let filter): writer.sequence(tag: 0xa2) { filter.write(to: &$0) }
    case .equals(let type, let value): write(type, value, tag: 0xa3, to: &writer)
    case .atLeast(let type, let value): write(type, value, tag: 0xa5, to: &writer)
    case .atMost(let type, let value): write(type, value, tag: 0xa6, to: &writer)
    case .present(let type): writer.octets(type.utf8, tag: 0x87)
    case .substrings(let type, let initial, let any, let final):
      writer.sequence(tag: 0xa4) { writer in
        writer.octets(type.utf8)
        writer.sequence { writer in
          if !initial.isEmpty { writer.octets(initial.utf8, tag: 0x80) }
          for part in any { writer.octets(part.utf8, tag: 0x81) }
          if !final.isEmpty { writer.octets(final.utf8, tag: 0x82) }
        }
      }
    }
  }

  private func write(_ type: String, _ value: String, tag: UInt8, to writer: inout BERWriter) {
    writer.sequence(tag: tag) { writer in
      writer.octets(type.utf8)
      writer.octets(ValueForm(of: type).bytes(value))
    }
  }
}
