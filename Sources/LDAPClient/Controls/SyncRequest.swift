/// The request of RFC 4533 §2.2: send what changed since a cookie, and then, if so wished, go on.
struct SyncRequest {
  static let identifier = "1.3.6.1.4.1.4203.1.9.1.1"

  let mode: ContentSync.Mode
  let cookie: [UInt8]?

  var value: [UInt8] {
    var writer = BERWriter()
    writer.sequence { writer in
      writer.number(mode.rawValue, tag: BERTag.enumerated)
      if let cookie { writer.octets(cookie) }
    }
    return writer.bytes
  }
}
