import CLDAP
import Glibc

extension LDAPConnection {
  enum Sent {
    case waiting(id: Int32)
    case failed(LDAPResult)
  }

  enum Received {
    /// To be freed by whoever takes it.
    case entry(id: Int32, OpaquePointer)
    case reference(id: Int32)
    /// With the cookie of the next page, empty on the last one.
    case result(id: Int32, LDAPResult, cookie: [UInt8])
    /// No answer is to be had from this connection any more.
    case lost(LDAPError)
  }

  func send(_ request: LDAPRequest, _ pointer: OpaquePointer) -> Sent {
    guard !request.controls.isEmpty else { return send(request, pointer, controls: nil) }
    let array = ControlArray(request.controls)
    return array.withPointer { send(request, pointer, controls: $0) }
  }

  func send(
    _ request: LDAPRequest, _ pointer: OpaquePointer,
    controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
  ) -> Sent {
    var id: Int32 = 0
    let code: Int32
    switch request.operation {
    case .add(let name, let attributes):
      code = ModificationArray(attributes.map { (LDAP_MOD_ADD, $0) }).withPointer {
        ldap_add_ext(pointer, name.description, $0, controls, nil, &id)
      }
    case .modify(let name, let modifications):
      code = ModificationArray(modifications.map(\.part)).withPointer {
        ldap_modify_ext(pointer, name.description, $0, controls, nil, &id)
      }
    case .delete(let name):
      code = ldap_delete_ext(pointer, name.description, controls, nil, &id)
    case .move(let name, let parent):
      let leaf = name.names.first.map(\.description) ?? ""
      code = ldap_rename(
        pointer, name.description, leaf, parent.description, 0, controls, nil, &id)
    case .search(let search):
      code = send(search, pointer, controls, &id)
    }
    guard code == LDAP_SUCCESS else {
      // What libldap could not encode never left. Anything else may have, in part or whole.
      let wasEncoded =
        code != LDAP_ENCODING_ERROR && code != LDAP_PARAM_ERROR
        && code != LDAP_FILTER_ERROR && code != LDAP_NO_MEMORY
      let error = lastError(of: pointer, code)
      return .failed(
        LDAPResult(
          code: error.code, diagnostic: error.diagnostic,
          delivery: wasEncoded ? .unanswered : .unsent))
    }
    return .waiting(id: id)
  }

  private func send(
    _ search: LDAPSearch, _ pointer: OpaquePointer,
    _ controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?, _ id: inout Int32
  ) -> Int32 {
    let scope =
      switch search.scope {
      case .base: LDAP_SCOPE_BASE
      case .oneLevel: LDAP_SCOPE_ONELEVEL
      case .subtree: LDAP_SCOPE_SUBTREE
      }
    let names = search.attributes.isEmpty ? [LDAP_NO_ATTRS] : search.attributes
    var attributes: [UnsafeMutablePointer<CChar>?] = names.map { strdup($0) }
    defer { for attribute in attributes { free(attribute) } }
    attributes.append(nil)
    return ldap_search_ext(
      pointer, search.base.description, ber_int_t(scope), search.filter.description, &attributes,
      search.typesOnly ? 1 : 0, controls, nil, nil, search.sizeLimit, &id)
  }

  /// The next message for any request, none once `end` has passed. Waits in slices so that a cancelled task does not wait for a
  /// server that hangs.
  func receive(
    _ pointer: OpaquePointer, before end: ContinuousClock.Instant? = nil
  ) -> Received {
    let deadline = ContinuousClock.now + configuration.operationTimeout
    while true {
      let left = deadline - ContinuousClock.now
      guard left > .zero else {
        return .lost(
          LDAPError(
            code: .timedOut,
            diagnostic: "no sign from the server for \(configuration.operationTimeout)"))
      }
      if let end, ContinuousClock.now > end {
        return .lost(
          LDAPError(
            code: .timedOut,
            diagnostic: "the search has not ended after \(configuration.searchTimeout)"))
      }
      if Task.isCancelled { return .lost(LDAPError(code: .cancelled)) }
      var slice = min(left, .milliseconds(250)).timeval
      var received: OpaquePointer?
      let kind = ldap_result(pointer, LDAP_RES_ANY, LDAP_MSG_ONE, &slice, &received)
      if kind == 0 { continue }
      guard kind > 0, let message = received else { return .lost(lastError(of: pointer)) }
      census?.received()
      let id = ldap_msgid(message)
      switch Int(kind) {
      case Int(LDAP_RES_SEARCH_ENTRY):
        return .entry(id: id, message)
      case Int(LDAP_RES_SEARCH_REFERENCE):
        discard(message)
        return .reference(id: id)
      case Int(LDAP_RES_EXTENDED), Int(LDAP_RES_INTERMEDIATE):
        // Nothing here asks for either: an unsolicited notice, said before the server hangs up.
        discard(message)
      default:
        let (result, cookie) = parseResult(message, pointer)
        return .result(id: id, result, cookie: cookie)
      }
    }
  }

  /// Reads a result message and frees it.
  private func parseResult(
    _ message: OpaquePointer, _ pointer: OpaquePointer
  ) -> (LDAPResult, cookie: [UInt8]) {
    var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
    let result = parse(message, pointer, controls: &controls)
    defer { ldap_controls_free(controls) }
    guard let controls else { return (result, []) }
    guard let control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nil) else {
      return (result.with(ResponseControl.list(controls)), [])
    }
    var estimate: ber_int_t = 0
    var cookie = berval()
    defer { ber_memfree(cookie.bv_val) }
    guard
      ldap_parse_pageresponse_control(pointer, control, &estimate, &cookie) == LDAP_SUCCESS
    else {
      return (LDAPResult(code: .localError, diagnostic: "a page cannot be decoded"), [])
    }
    let bytes = UnsafeRawBufferPointer(start: cookie.bv_val, count: Int(cookie.bv_len))
    return (result, Array(bytes))
  }
}
