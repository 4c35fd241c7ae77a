/// What comes with each entry of a content synchronisation (RFC 4533 §2.3).
struct SyncState {
  static let identifier = "1.3.6.1.4.1.4203.1.9.1.2"

  let state: ContentSync.State
  let uuid: EntryUUID
  let cookie: [UInt8]?

  init(_ value: [UInt8]) throws(BERError) {
    var outer = BERReader(value)
    var reader = try outer.sequence()
    let number = try reader.number(tag: BERTag.enumerated)
    guard let state = ContentSync.State(rawValue: number),
      let uuid = EntryUUID(try reader.octets())
    else { throw BERError() }
    self.state = state
    self.uuid = uuid
    cookie = try reader.optionalOctets()
  }
}
