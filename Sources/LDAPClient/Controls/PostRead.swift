/// The entry as it is just after a write, in the same instant (RFC 4527 §3.2).
extension RequestControl {
  package static let postReadIdentifier = "1.3.6.1.1.13.2"

  /// Not critical: the write is made whether or not the server can tell. Never ask for the members of
  /// a group that may be large.
  package static func postRead(_ attributes: [String]) -> RequestControl {
    RequestControl(
      identifier: postReadIdentifier, isCritical: false,
      value: ReadEntry.selection(of: attributes))
  }
}

extension LDAPResult {
  /// `nil` if the server did not tell.
  package var entryAfter: LDAPRecord? {
    ReadEntry.decode(RequestControl.postReadIdentifier, controls)
  }
}

/// What both read-entry controls are made of.
enum ReadEntry {
  static func selection(of attributes: [String]) -> [UInt8] {
    var writer = BERWriter()
    writer.sequence { for attribute in attributes { $0.octets(attribute.utf8) } }
    return writer.bytes
  }

  static func decode(_ identifier: String, _ controls: [ResponseControl]) -> LDAPRecord? {
    guard let control = controls.first(where: { $0.identifier == identifier }) else { return nil }
    do throws(BERError) {
      return try record(control.value)
    } catch {
      return nil
    }
  }

  /// A `SearchResultEntry`, which servers tag as one or as a plain sequence.
  private static func record(_ value: [UInt8]) throws(BERError) -> LDAPRecord {
    var outer = BERReader(value)
    guard let tag = outer.nextTag else { throw BERError() }
    var entry = try outer.sequence(tag: tag)
    let name = String(decoding: try entry.octets(), as: UTF8.self)
    var attributes = try entry.sequence()
    var values: [String: [[UInt8]]] = [:]
    while !attributes.isAtEnd {
      var attribute = try attributes.sequence()
      let type = String(decoding: try attribute.octets(), as: UTF8.self).lowercased()
      var set = try attribute.sequence(tag: BERTag.set)
      while !set.isAtEnd { values[type, default: []].append(Array(try set.octets())) }
    }
    return LDAPRecord(name: name, values: values)
  }
}
