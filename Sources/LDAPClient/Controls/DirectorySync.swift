/// Active Directory's DirSync (MS-ADTS §3.1.1.3.4.1.3): a search of a naming context that tells what was
/// changed since a cookie, and the next cookie.
extension RequestControl {
  package static let directorySyncIdentifier = "1.2.840.113556.1.4.841"

  /// Of what we may read anyhow, so that no right to replicate is needed; of members that came or went
  /// those alone. Critical: everything there is must not be taken for what was changed.
  static func directorySync(since cookie: [UInt8]) -> RequestControl {
    let (objectSecurity, incrementalValues) = (0x1, 0x8000_0000) as (UInt32, UInt32)
    var writer = BERWriter()
    writer.sequence { writer in
      writer.number(Int32(bitPattern: objectSecurity | incrementalValues))
      writer.number(0)
      writer.octets(cookie)
    }
    return RequestControl(
      identifier: directorySyncIdentifier, isCritical: true, value: writer.bytes)
  }
}

extension LDAPConnection {
  /// What of the entries in a naming context was changed since a cookie, and where to go on from. An
  /// empty cookie tells of everything: a filter that nothing matches then gives the cookie of now alone.
  package func changes(
    in context: DistinguishedName, _ filter: Filter, since cookie: [UInt8]
  ) throws(LDAPError) -> (entries: [LDAPRecord], cookie: [UInt8]) {
    var (entries, cookie, hasMore) = ([LDAPRecord](), cookie, true)
    while hasMore {
      let request = LDAPRequest.search(
        LDAPSearch(base: context, scope: .subtree, filter: filter, attributes: ["*"])
      ).with([.directorySync(since: cookie)])
      let result = perform([request]) { _, entry in
        if let record = LDAPRecord(entry) { entries.append(record) }
      }[0].result
      try result.check()
      guard let answer = result.directorySync else {
        throw LDAPError(code: .protocolError, diagnostic: "DirSync is answered without a cookie")
      }
      (cookie, hasMore) = (answer.cookie, answer.hasMore)
    }
    return (entries, cookie)
  }
}

extension LDAPResult {
  /// `nil` if it does not come with one.
  fileprivate var directorySync: (hasMore: Bool, cookie: [UInt8])? {
    let identifier = RequestControl.directorySyncIdentifier
    guard let control = controls.first(where: { $0.identifier == identifier }) else { return nil }
    do throws(BERError) {
      var outer = BERReader(control.value)
      var reader = try outer.sequence()
      let hasMore = try reader.number() != 0
      _ = try reader.number()
      return (hasMore, Array(try reader.octets()))
    } catch {
      return nil
    }
  }
}
