/// What comes with the result that ends a content synchronisation (RFC 4533 §2.4).
struct SyncDone {
  static let identifier = "1.3.6.1.4.1.4203.1.9.1.3"

  let cookie: [UInt8]?
  let refreshDeletes: Bool

  init(_ value: [UInt8]) throws(BERError) {
    var outer = BERReader(value)
    var reader = try outer.sequence()
    cookie = try reader.optionalOctets()
    refreshDeletes = try reader.boolean(default: false)
  }
}
