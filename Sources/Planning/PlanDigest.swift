package import AccessModel
import Hashing

/// Names a list of changes to one target by what they do and why, for approval.
///
/// Two plans have one digest exactly if they would do the same for the same causes. Instants at which
/// a reading happened are left out: reading again does not make another plan. Written as 16
/// hexadecimal digits, the first 64 bits of a SHA-256.
package struct PlanDigest: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(target: TargetID, changes: [Change]) {
    var text = DigestText()
    text.append(target.rawValue)
    for change in changes.sorted() {
      text.append(change.kind)
      text.append(change.group?.rawValue ?? "")
      text.append(change.account?.subject?.rawValue ?? "")
      text.append(change.account?.identity?.key.rawValue ?? "")
      text.append(change.ending.map(Self.evidence) ?? [])
      text.append((change.reason?.assignments ?? []).map(\.description))
      text.append(change.disableRule.map(Self.words) ?? [])
      text.append("\(change.attributeChanges.count)")
      for attribute in change.attributeChanges {
        text.append(attribute.name)
        text.append(attribute.before)
        text.append(attribute.after)
      }
    }
    description = String(SHA256.hexDigest(text.bytes).prefix(16))
  }

  private static func evidence(of ending: Ending) -> [String] {
    let parts = [ending.cause.rawValue, ending.assignment?.description ?? ""]
    switch ending {
    case .expired(_, let end): return parts + [end.description]
    case .revoked(_, let state, _): return parts + [state]
    // Whoever carries it out: one shows it, another approves it, a third applies it.
    case .operator(_, let reason): return parts + [reason]
    case .absent: return parts
    case .unmapped(let live): return parts + live.map(\.description)
    }
  }

  private static func words(of rule: DisableRule) -> [String] {
    switch rule {
    case .set(let values):
      ["set"]
        + values.sorted { $0.key < $1.key }.flatMap { [$0.key, "\($0.value.count)"] + $0.value }
    case .moveTo(let branch): ["moveTo", branch]
    case .deactivate: ["deactivate"]
    }
  }
}

/// Texts one after the other, each behind its length and each list behind its count, so that no two
/// sequences of them have the same bytes.
private struct DigestText {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ text: String) {
    bytes += "\(text.utf8.count):".utf8
    bytes += text.utf8
  }

  mutating func append(_ list: [String]) {
    append("\(list.count)")
    for text in list { append(text) }
  }
}
