/// What became of one request.
package struct LDAPResult: Equatable, Sendable {
  /// How far the request came.
  package enum Delivery: Sendable {
    /// The server answered.
    case answered
    /// It left, or may have left, and no answer came: only reading tells what it did.
    case unanswered
    /// It never left.
    case unsent
  }

  package let code: LDAPResultCode
  /// The nearest existing ancestor, with `noSuchObject`.
  package let matchedDN: String
  /// The server's own words. They may hold names, and never go where values must not.
  package let diagnostic: String
  package let delivery: Delivery
  package let controls: [ResponseControl]

  package init(
    code: LDAPResultCode, matchedDN: String = "", diagnostic: String = "",
    delivery: Delivery = .answered, controls: [ResponseControl] = []
  ) {
    self.code = code
    self.matchedDN = matchedDN
    self.diagnostic = diagnostic
    self.delivery = delivery
    self.controls = controls
  }

  package var isSuccess: Bool { code == .success }

  func with(_ controls: [ResponseControl]) -> LDAPResult {
    LDAPResult(
      code: code, matchedDN: matchedDN, diagnostic: diagnostic, delivery: delivery,
      controls: controls)
  }

  /// Throws the result unless it is `success`.
  package func check() throws(LDAPError) {
    guard isSuccess else { throw LDAPError(self) }
  }
}

/// How a search ended. Entries that came before anything but `isComplete` are a part of an unknown
/// whole.
package struct LDAPSearchResult: Equatable, Sendable {
  package let result: LDAPResult
  package let entries: Int
  /// Continuation references the server sent instead of entries. They are never followed.
  package let references: Int
  /// From when it was sent, or from the answer before it in the same exchange if that came later:
  /// what the server can have needed for it.
  package let took: Duration

  package init(result: LDAPResult, entries: Int, references: Int, took: Duration = .zero) {
    self.result = result
    self.entries = entries
    self.references = references
    self.took = took
  }

  package var isComplete: Bool { result.isSuccess && references == 0 }
}

/// A result that is not `success`, or a connection that could not be opened.
package struct LDAPError: Error, Equatable, Sendable {
  package let code: LDAPResultCode
  package let matchedDN: String
  package let diagnostic: String

  package init(code: LDAPResultCode, matchedDN: String = "", diagnostic: String = "") {
    self.code = code
    self.matchedDN = matchedDN
    self.diagnostic = diagnostic
  }

  package init(_ result: LDAPResult) {
    self.init(code: result.code, matchedDN: result.matchedDN, diagnostic: result.diagnostic)
  }
}

extension LDAPError: CustomStringConvertible {
  package var description: String {
    diagnostic.isEmpty ? "\(code)" : "\(code): \(diagnostic)"
  }
}
