import CLDAP

extension LDAPConnection {
  /// Searches page by page (RFC 2696), and in one go where the server does not know pages. Entries are
  /// handed to `entry` one at a time and kept nowhere. Nobody else may search by pages on this
  /// connection meanwhile, which `isolated` callers guarantee.
  ///
  /// A server that never ends is given up: one that takes longer than `searchTimeout` in all, gives a
  /// page that begins like the one before, or a hundred pages without an entry. The connection is then
  /// closed.
  package func search(
    _ search: LDAPSearch, pageSize: Int32 = 1000, entry: (borrowing LDAPEntry) -> Void
  ) -> LDAPSearchResult {
    let end = ContinuousClock.now + configuration.searchTimeout
    var cookie: [UInt8] = []
    var entries = 0
    var references = 0
    var last: [UInt8]?
    var emptyPages = 0
    while true {
      let page = self.page(search, size: pageSize, cookie: cookie, before: end, entry)
      entries += page.search.entries
      references += page.search.references
      func result(_ result: LDAPResult) -> LDAPSearchResult {
        LDAPSearchResult(result: result, entries: entries, references: references)
      }
      guard page.search.result.isSuccess, !page.cookie.isEmpty else {
        return result(page.search.result)
      }
      emptyPages = page.first == nil ? emptyPages + 1 : 0
      if emptyPages > Self.mostEmptyPages || (page.first != nil && page.first == last) {
        close()
        return result(
          LDAPResult(
            code: .localError, diagnostic: "the server gives pages that do not end",
            delivery: .unanswered))
      }
      last = page.first ?? last
      cookie = page.cookie
    }
  }

  private static let mostEmptyPages = 100

  /// One entry by its name, whole. `nil` if there is none, or none that we may see.
  package func record(
    _ name: DistinguishedName, attributes: [String], _ controls: [RequestControl] = []
  ) throws(LDAPError) -> LDAPRecord? {
    var record: LDAPRecord?
    let search = LDAPSearch(base: name, scope: .base, attributes: attributes)
    let request = LDAPRequest.search(search).with(controls)
    let result = perform([request]) { _, entry in record = LDAPRecord(entry) }[0]
    if result.result.code == .noSuchObject { return nil }
    try result.result.check()
    if result.entries > 0, record == nil {
      throw LDAPError(code: .localError, diagnostic: "an entry cannot be decoded")
    }
    return record
  }

  private struct Page {
    let search: LDAPSearchResult
    /// Of the next page; empty on the last one.
    let cookie: [UInt8]
    /// The name of its first entry.
    let first: [UInt8]?
  }

  /// The control is not critical: a server without it sends everything, one that refuses it says so
  /// before the first entry.
  private func page(
    _ search: LDAPSearch, size: Int32, cookie: [UInt8], before end: ContinuousClock.Instant,
    _ entry: (borrowing LDAPEntry) -> Void
  ) -> Page {
    func ended(_ result: LDAPResult, _ next: [UInt8] = []) -> Page {
      Page(
        search: LDAPSearchResult(result: result, entries: entries, references: references),
        cookie: next, first: first)
    }
    var first: [UInt8]?
    var entries = 0
    var references = 0
    guard let pointer else {
      return ended(LDAPResult(code: .serverDown, diagnostic: "not connected", delivery: .unsent))
    }
    if case .failed(let result) = sendPage(search, size: size, cookie: cookie, pointer) {
      if result.delivery == .unanswered { close() }
      return ended(result)
    }
    while true {
      switch receive(pointer, before: end) {
      case .entry(_, let message):
        entries += 1
        let found = LDAPEntry(connection: pointer, message: message)
        if first == nil { first = found.name }
        entry(found)
        discard(message)
      case .reference:
        references += 1
      case .result(_, let result, _)
      where result.code == .unavailableCriticalExtension && cookie.isEmpty && size > 0
        && entries == 0:
        return page(search, size: 0, cookie: [], before: end, entry)
      case .result(_, let result, let next):
        return ended(result, next)
      case .lost(let error):
        close()
        return ended(
          LDAPResult(code: error.code, diagnostic: error.diagnostic, delivery: .unanswered))
      }
    }
  }

  private func sendPage(
    _ search: LDAPSearch, size: Int32, cookie: [UInt8], _ pointer: OpaquePointer
  ) -> Sent {
    guard size > 0 else { return send(.search(search), pointer) }
    var cookie = cookie.map { CChar(bitPattern: $0) }
    return cookie.withUnsafeMutableBufferPointer { bytes in
      var value = berval(bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress)
      var control: UnsafeMutablePointer<LDAPControl>?
      let code = ldap_create_page_control(pointer, ber_int_t(size), &value, 0, &control)
      guard code == LDAP_SUCCESS else {
        return .failed(LDAPResult(code: .init(rawValue: code), delivery: .unsent))
      }
      defer { ldap_control_free(control) }
      var controls = [control, nil]
      return send(.search(search), pointer, controls: &controls)
    }
  }
}
