import AccessModel
import Foundation
import GRDB
import Testing

@testable import LedgerStore

/// Ledgers that every released schema left behind. `RECORD=1` adds one for a new schema, and never
/// replaces one.
private let recordings = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("fixtures/ledger")

@Suite struct MigrationTests {
  let state: TemporaryState

  init() throws { state = try TemporaryState() }

  @Test(arguments: [1, 4])
  func `a ledger of every version is brought up to date with nothing lost`(
    version: Int
  ) async throws {
    try FileManager.default.createDirectory(
      atPath: state.folder.path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: recordings.appendingPathComponent("version-\(version).sqlite").path,
      toPath: state.folder.ledger)
    if version > 3 { try keepKey(recordings.appendingPathComponent("version-\(version).key").path) }

    let ledger = try state.open()
    try await expectContents(of: ledger)
    #expect(try await state.open(readOnly: true).verify().faults == [])
    try await ledger.carryOut([addition("eve", to: "guests", because: "asn-5")])
    #expect(try await ledger.membershipLines().first == "guests eve created asn-5")
    #expect(try sqlite(state.folder.ledger, "PRAGMA integrity_check") == "ok\n")
    #expect(try sqlite(state.folder.ledger, "PRAGMA foreign_key_check") == "")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["RECORD"] == "1"))
  func `today's schema is recorded once`() async throws {
    let version = LedgerSchema.migrator.migrations.count
    let recording = recordings.appendingPathComponent("version-\(version).sqlite").path
    guard !FileManager.default.fileExists(atPath: recording) else { return }
    let ledger = try await state.ledger()
    try await fill(ledger)
    ledger.close()
    try FileManager.default.createDirectory(at: recordings, withIntermediateDirectories: true)
    try sqlite(state.folder.ledger, "VACUUM INTO '\(recording)'")
    try FileManager.default.copyItem(
      atPath: state.folder.key,
      toPath: recordings.appendingPathComponent("version-\(version).key").path)
  }

  /// Puts the key of a recording's journal where the ledger looks for it.
  private func keepKey(_ recording: String) throws {
    try FileManager.default.copyItem(atPath: recording, toPath: state.folder.key)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: state.folder.key)
  }

  private func fill(_ ledger: LedgerStore) async throws {
    try await ledger.remember(
      [
        KnownAssignment(
          reference: .partners("asn-1"), subject: "ada", package: "Partner Engineering",
          validity: Validity(start: .nine, end: nil), missingSince: .minutes(1), ending: absent)
      ], run: "run-1")
    try await ledger.note(
      [
        .group("staff", immutableID: "g-1", origin: .preExisting),
        .account("ada", identity("ada"), origin: .adopted, because: [.partners("asn-1")]),
      ], target: "corp", run: "run-1")
    try await ledger.carryOut([
      addition("ada", to: "staff", because: "asn-1", "asn-2"),
      addition("bob", to: "staff", because: "asn-3"),
    ])
    try await ledger.carryOut([removal("bob", from: "staff", unmapped)], at: .minutes(2))
    try await ledger.carryOut([
      .disableAccount(account("ada", identity("ada")), .moveTo("ou=disabled"), because: expired)
    ])
    try await ledger.carryOut(
      [addition("dan", to: "staff", because: "asn-4")], .unknown(reason: "cut"))
    try await ledger.approve(
      Approval(digest: "3f9c", name: "ada", reason: "reviewed", at: .minutes(3)))
    try await ledger.endRun(
      "run-1", at: .minutes(4),
      summary: RunSummary(exitCode: 4, applied: 4, failed: 1, held: 0, messages: ["corp: cut"]))
  }

  private func expectContents(of ledger: LedgerStore) async throws {
    #expect(try await ledger.runs(limit: 9).map(\.summary?.exitCode) == [4])
    #expect(
      try await ledger.knownAssignments(of: "partners") == [
        KnownAssignment(
          reference: .partners("asn-1"), subject: "ada", package: "Partner Engineering",
          validity: Validity(start: .nine, end: nil), missingSince: .minutes(1), ending: absent)
      ])
    let ownership = try await ledger.ownership(of: "corp")
    #expect(ownership.groups == [.init(key: "staff", immutableID: "g-1", origin: .preExisting)])
    #expect(
      ownership.accounts == [
        .init(
          subject: "ada", identity: identity("ada"), origin: .adopted,
          because: [.partners("asn-1")], disabledAt: .nine, disabledBecause: expired)
      ])
    #expect(
      try await ledger.membershipLines()
        == ["staff ada created asn-1 asn-2", "staff dan intended asn-4"])
    #expect(
      try await ledger.journal(JournalQuery()).map(\.outcome)
        == ["unknown", "applied", "applied", "applied", "applied"])
    #expect(try await ledger.journal(JournalQuery()).map(\.change.kind).first == "addMember")
    #expect(
      try await ledger.removals(from: .nine, through: .minutes(60)).map(\.group) == ["staff"])
    #expect(try await ledger.approval(of: "3f9c", now: .minutes(5))?.name == "ada")
  }
}
