/// A write that the server tries and does not keep: schema, access and state are checked, and it says what
/// would have become of it. OpenLDAP alone has this, as an experimental control (`LDAP_CONTROL_NOOP`).
package struct DryRun: Sendable {
  /// The attribute types that no entry was seen to have; sorted.
  package struct Unproven: Error, Equatable {
    package let types: [String]
  }

  fileprivate let request: LDAPRequest
  /// The entry that would be written.
  package let entry: DistinguishedName

  /// Throws if the request brings an attribute type that was not seen (`StoredTypes`). `schema` tells
  /// what the server calls the types. The request is a write.
  package init(
    _ request: LDAPRequest, stored: StoredTypes, schema: Schema?
  ) throws(Unproven) {
    guard let entry = request.writtenEntry else {
      preconditionFailure("a search has nothing to try")
    }
    let missing = stored.missing(Self.types(of: request, schema), at: entry)
    guard missing.isEmpty else { throw Unproven(types: missing) }
    self.request = request.with([Self.noOperation])
    self.entry = entry
  }

  /// Every attribute type that the entry is written with, in lower case, as the server names it.
  package static func types(of request: LDAPRequest, _ schema: Schema?) -> Set<String> {
    let given: [String]
    switch request.operation {
    case .add(_, let attributes): given = attributes.map(\.type) + atCreation + atChange
    case .modify(_, let modifications): given = modifications.map(\.attribute.type) + atChange
    case .move(let name, _): given = (name.names.first?.parts.map(\.type) ?? []) + atChange
    // It encodes no entry.
    case .delete, .search: given = []
    }
    return Set(given.map { (schema?.name(of: $0) ?? $0).lowercased() })
  }

  /// What the server adds by itself.
  private static let atCreation = [
    "structuralObjectClass", "entryUUID", "creatorsName", "createTimestamp",
  ]
  private static let atChange = ["entryCSN", "modifiersName", "modifyTimestamp"]

  /// Critical: a server that does not know it must not write.
  private static let noOperation = RequestControl(
    identifier: "1.3.6.1.4.1.4203.666.5.2", isCritical: true, value: nil)
  fileprivate static let wouldSucceed = LDAPResultCode(rawValue: 16654)
}

extension LDAPConnection {
  /// What the server says would become of each. `success` says that it would be made; `wasKept` that the
  /// server says it made it, against what it was asked.
  package func tryOut(_ runs: [DryRun]) -> [(answer: LDAPSearchResult, wasKept: Bool)] {
    perform(runs.map(\.request)).map { answer in
      let result = answer.result
      guard result.code == DryRun.wouldSucceed else { return (answer, result.isSuccess) }
      return (
        LDAPSearchResult(
          result: LDAPResult(code: .success), entries: 0, references: 0, took: answer.took), false
      )
    }
  }
}
