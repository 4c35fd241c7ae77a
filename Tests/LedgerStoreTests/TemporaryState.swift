import AccessModel
import Foundation
import Glibc
import LedgerStore
import Testing

/// A state folder of one test's own, gone with it.
final class TemporaryState: Sendable {
  let parent: String
  let folder: StateFolder

  init() throws {
    var template = Array((NSTemporaryDirectory() + "/ledger-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
    parent = String(
      decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    folder = StateFolder(parent + "/state")
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: parent) } catch { Issue.record(error) }
  }

  func open(readOnly: Bool = false) throws -> LedgerStore {
    try LedgerStore(path: folder.ledger, readOnly: readOnly)
  }

  /// A ledger in which `run-1` has begun at 09:00.
  func ledger() async throws -> LedgerStore {
    let ledger = try open()
    try await ledger.beginRun(.first)
    return ledger
  }
}

extension RunRecord {
  static let first = RunRecord(id: "run-1", command: "apply", actor: "ada", startedAt: .nine)
}

extension Instant {
  /// 2026-01-12T09:00:00Z.
  static let nine = Instant(microseconds: 1_768_208_400_000_000)

  static func minutes(_ minutes: Int) -> Instant { nine.adding(.seconds(60 * minutes)) }
}

extension AssignmentReference {
  static func partners(_ id: String) -> AssignmentReference {
    AssignmentReference(source: "partners", id: AssignmentID(id))
  }
}

func account(_ subject: SubjectID?, _ identity: AccountIdentity? = nil) -> AccountReference {
  AccountReference(subject: subject, displayName: nil, identity: identity)
}

func identity(_ name: String) -> AccountIdentity {
  AccountIdentity(key: AccountKey("uid=\(name)"), immutableID: "uuid-\(name)")
}

func addition(
  _ subject: SubjectID, to group: EntitlementKey, because ids: String...
) -> Change {
  .addMember(
    Membership(group: group, groupID: nil, account: account(subject)),
    because: Reason(assignments: ids.map { .partners($0) }))
}

func removal(_ subject: SubjectID?, from group: EntitlementKey, _ ending: Ending) -> Change {
  .removeMember(
    Membership(group: group, groupID: nil, account: account(subject)), because: ending)
}

let expired = Ending.expired(.partners("asn-41"), end: .nine)
let absent = Ending.absent(.partners("asn-41"), missingSince: .nine, confirmed: .minutes(10))
let unmapped = Ending.unmapped(live: [.partners("asn-41")])

extension LedgerStore {
  /// Intends and settles changes of `run-1` in `corp`.
  @discardableResult
  func carryOut(
    _ changes: [Change], _ outcome: Outcome = .applied(), target: TargetID = "corp",
    at: Instant = .nine
  ) async throws -> [JournalID] {
    let ids = try await intend(changes, target: target, run: "run-1", at: at)
    try await settle(
      zip(ids, changes).map { ($0, $1, outcome) }, target: target, run: "run-1", at: at)
    return ids
  }

  /// The memberships of `corp` as lines: `staff ada created asn-1 asn-2`.
  func membershipLines() async throws -> [String] {
    let ownership = try await ownership(of: "corp")
    return ownership.memberships.sorted.enumerated().map { row, membership in
      let reasons = ownership.reasons[row].map(\.id.rawValue)
      return
        ([
          ownership.groupKeys[membership.group].rawValue,
          ownership.subjects[membership.account].rawValue, ownership.origins[row].rawValue,
        ] + reasons).joined(separator: " ")
    }
  }
}
