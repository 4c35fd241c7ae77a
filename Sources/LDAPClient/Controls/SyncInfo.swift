/// The message between entries (RFC 4533 §2.5), as an event.
enum SyncInfo {
  static let identifier = "1.3.6.1.4.1.4203.1.9.1.4"

  static func event(_ value: [UInt8]) throws(BERError) -> ContentSync.Event {
    var outer = BERReader(value)
    switch outer.nextTag {
    case 0x80:
      return .cookie(Array(try outer.octets(tag: 0x80)))
    case 0xa1:
      var reader = try outer.sequence(tag: 0xa1)
      return .deletesListed(
        cookie: try reader.optionalOctets(), isRefreshed: try reader.boolean(default: true))
    case 0xa2:
      var reader = try outer.sequence(tag: 0xa2)
      return .presentListed(
        cookie: try reader.optionalOctets(), isRefreshed: try reader.boolean(default: true))
    case 0xa3:
      var reader = try outer.sequence(tag: 0xa3)
      let cookie = try reader.optionalOctets()
      let areDeleted = try reader.boolean(default: false)
      var set = try reader.sequence(tag: BERTag.set)
      var entries: [EntryUUID] = []
      while !set.isAtEnd {
        guard let entry = EntryUUID(try set.octets()) else { throw BERError() }
        entries.append(entry)
      }
      return areDeleted
        ? .deleted(entries, cookie: cookie) : .present(entries, cookie: cookie)
    default: throw BERError()
    }
  }
}
