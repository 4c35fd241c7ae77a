package import AccessModel
import Hashing

/// Names a list of changes to one target by what they do and why, for approval and for `apply --plan`.
///
/// Two plans have one digest exactly if they would do the same for the same causes. Instants at which
/// a reading happened are left out: reading again does not make another plan. Written as 16
/// hexadecimal digits, the first 64 bits of a SHA-256.
package struct PlanDigest: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(target: TargetID, changes: [Change]) {
    var text: [UInt8] = []
    func append(_ field: String) {
      text.append(contentsOf: field.utf8)
      text.append(0x1f)
    }
    append(target.rawValue)
    for change in changes.sorted() {
      append(change.kind)
      append(change.group?.rawValue ?? "")
      append(change.account?.subject?.rawValue ?? "")
      append(change.account?.identity?.key.rawValue ?? "")
      append(change.ending.map(Self.evidence) ?? "")
      for assignment in change.reason?.assignments ?? [] { append(assignment.description) }
      for attribute in change.attributeChanges {
        append(attribute.name)
        for value in attribute.before + ["\u{1e}"] + attribute.after { append(value) }
      }
      text.append(0x1d)
    }
    description = String(SHA256.hexDigest(text).prefix(16))
  }

  private static func evidence(of ending: Ending) -> String {
    let parts = [ending.cause.rawValue, ending.assignment?.description ?? ""]
    switch ending {
    case .expired(_, let end): return (parts + [end.description]).joined(separator: " ")
    case .revoked(_, let state, _): return (parts + [state]).joined(separator: " ")
    case .operator(let name, let reason): return (parts + [name, reason]).joined(separator: " ")
    case .absent: return parts.joined(separator: " ")
    case .unmapped(let live):
      return (parts + live.map(\.description)).joined(separator: " ")
    }
  }
}

extension Change {
  /// The attribute values the change sets; empty for changes that set none.
  package var attributeChanges: [AttributeChange] {
    switch self {
    case .createAccount(_, let attributes, _), .updateAccount(_, let attributes, _),
      .enableAccount(_, _, let attributes, _):
      attributes
    case .disableAccount, .deleteAccount, .createGroup, .addMember, .removeMember: []
    }
  }
}
