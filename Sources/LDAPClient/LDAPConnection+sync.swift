import CLDAP

extension LDAPConnection {
  /// Begins a content synchronisation. The connection is good for nothing else until it is closed,
  /// or, with `refreshOnly`, until the sequence has ended. Without a cookie everything is sent first.
  ///
  /// The sequence throws `syncRefreshRequired` where the server wants the cookie thrown away, and
  /// `unavailableCriticalExtension` where it knows no such thing. `patience` is how long a quiet
  /// server is left alone before it is asked for a sign of life.
  package func sync(
    _ search: LDAPSearch, mode: ContentSync.Mode, cookie: [UInt8]? = nil,
    patience: Duration = .seconds(30)
  ) throws(LDAPError) -> ContentSync {
    guard let pointer else { throw LDAPError(code: .serverDown, diagnostic: "not connected") }
    let request = SyncRequest(mode: mode, cookie: cookie)
    let sent = withControl(SyncRequest.identifier, request.value) { controls in
      send(.search(search), pointer, controls: controls)
    }
    switch sent {
    case .waiting(let id): return ContentSync(connection: self, id: id, patience: patience)
    case .failed(let result):
      close()
      throw LDAPError(result)
    }
  }

  func nextEvent(of sync: ContentSync) throws(LDAPError) -> ContentSync.Event {
    while let pointer {
      do throws(LDAPError) {
        if let event = try event(try message(of: sync, pointer), of: sync, pointer) { return event }
      } catch {
        close()
        throw error
      }
    }
    throw LDAPError(code: .serverDown, diagnostic: "not connected")
  }

  /// The next message for any request, however long that takes.
  private func message(
    of sync: ContentSync, _ pointer: OpaquePointer
  ) throws(LDAPError) -> (kind: Int, OpaquePointer) {
    var quietSince = ContinuousClock.now
    var wasAsked = false
    while true {
      if Task.isCancelled { throw LDAPError(code: .cancelled) }
      var slice = min(sync.patience, .milliseconds(250)).timeval
      var received: OpaquePointer?
      let kind = ldap_result(pointer, LDAP_RES_ANY, LDAP_MSG_ONE, &slice, &received)
      if kind > 0, let received {
        census?.received()
        return (Int(kind), received)
      }
      guard kind == 0 else { throw lastError(of: pointer) }
      let quiet = ContinuousClock.now - quietSince
      if wasAsked, quiet > configuration.operationTimeout {
        throw LDAPError(
          code: .timedOut,
          diagnostic: "no sign from the server for \(configuration.operationTimeout)")
      }
      if !wasAsked, quiet > sync.patience {
        (wasAsked, quietSince) = (true, .now)
        let sign = LDAPSearch(base: DistinguishedName([]), scope: .base, attributes: [])
        if case .failed(let result) = send(.search(sign), pointer) { throw LDAPError(result) }
      }
    }
  }

  /// Reads a message and frees it; `nil` for one that is not about the content.
  private func event(
    _ message: (kind: Int, pointer: OpaquePointer), of sync: ContentSync, _ pointer: OpaquePointer
  ) throws(LDAPError) -> ContentSync.Event? {
    let isOurs = ldap_msgid(message.pointer) == sync.id
    switch message.kind {
    case Int(LDAP_RES_SEARCH_RESULT) where isOurs:
      var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
      let result = parse(message.pointer, pointer, controls: &controls)
      defer { ldap_controls_free(controls) }
      try result.check()
      guard let value = value(of: SyncDone.identifier, in: controls) else {
        return .done(cookie: nil, refreshDeletes: true)
      }
      let done = try decoded { () throws(BERError) in try SyncDone(value) }
      return .done(cookie: done.cookie, refreshDeletes: done.refreshDeletes)
    case Int(LDAP_RES_EXTENDED) where ldap_msgid(message.pointer) == 0:
      throw LDAPError(parse(message.pointer, pointer))
    default: break
    }
    defer { discard(message.pointer) }
    guard isOurs else { return nil }
    switch message.kind {
    case Int(LDAP_RES_SEARCH_ENTRY):
      var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
      ldap_get_entry_controls(pointer, message.pointer, &controls)
      defer { ldap_controls_free(controls) }
      guard let value = value(of: SyncState.identifier, in: controls),
        let record = LDAPRecord(LDAPEntry(connection: pointer, message: message.pointer))
      else { throw Self.undecodable }
      let state = try decoded { () throws(BERError) in try SyncState(value) }
      return .entry(state.state, state.uuid, record, cookie: state.cookie)
    case Int(LDAP_RES_SEARCH_REFERENCE): return .reference
    case Int(LDAP_RES_INTERMEDIATE):
      var identifier: UnsafeMutablePointer<CChar>?
      var data: UnsafeMutablePointer<berval>?
      let code = ldap_parse_intermediate(
        pointer, message.pointer, &identifier, &data, nil, 0)
      defer {
        ldap_memfree(identifier)
        ber_bvfree(data)
      }
      guard code == LDAP_SUCCESS else { throw Self.undecodable }
      guard let identifier, String(cString: identifier) == SyncInfo.identifier else { return nil }
      let value = bytes(of: data)
      return try decoded { () throws(BERError) in try SyncInfo.event(value) }
    default: return nil
    }
  }

  private static let undecodable = LDAPError(
    code: .init(rawValue: LDAP_DECODING_ERROR), diagnostic: "content synchronisation")

  private func decoded<Value>(_ body: () throws(BERError) -> Value) throws(LDAPError) -> Value {
    do throws(BERError) { return try body() } catch { throw Self.undecodable }
  }

  private func value(
    of identifier: String, in controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
  ) -> [UInt8]? {
    guard let control = ldap_control_find(identifier, controls, nil) else { return nil }
    return withUnsafePointer(to: control.pointee.ldctl_value) { bytes(of: $0) }
  }

  private func bytes(of value: UnsafePointer<berval>?) -> [UInt8] {
    guard let value, value.pointee.bv_len > 0 else { return [] }
    return Array(
      UnsafeRawBufferPointer(start: value.pointee.bv_val, count: Int(value.pointee.bv_len)))
  }

  /// Critical: a server that does not know it must not answer as if it had not been asked.
  private func withControl<Result>(
    _ identifier: String, _ value: [UInt8],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>) -> Result
  ) -> Result {
    var value = value.map { CChar(bitPattern: $0) }
    return value.withUnsafeMutableBufferPointer { bytes in
      identifier.withCString { identifier in
        var control = LDAPControl(
          ldctl_oid: UnsafeMutablePointer(mutating: identifier),
          ldctl_value: berval(bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress),
          ldctl_iscritical: 1)
        return withUnsafeMutablePointer(to: &control) { control in
          var controls = [control, nil]
          return body(&controls)
        }
      }
    }
  }
}
