import AccessModel
import Foundation
import GRDB
import Testing

@testable import LedgerStore

@Suite struct VerifyTests {
  let state: TemporaryState

  init() throws { state = try TemporaryState() }

  /// A ledger with every kind of record, closed.
  private func fill() async throws {
    let ledger = try await state.ledger()
    try await ledger.note(
      [
        .group("staff", immutableID: "g-1", origin: .preExisting),
        .account("ada", identity("ada"), origin: .adopted, because: [.partners("asn-1")]),
        .membership("staff", "kim", origin: .preExisting, because: [.partners("asn-9")]),
        .membership("guests", "lee", origin: .created, because: []),
        .membershipGone("guests", "lee"),
      ], target: "corp", run: "run-1")
    try await ledger.approve(
      Approval(digest: "3f9c", name: "ada", reason: "reviewed", at: .minutes(3)))
    try await ledger.useApproval(of: "3f9c", run: "run-1")
    try await ledger.begin(plan: "77aa", changes: 3, target: "corp", run: "run-1")
    try await ledger.carryOut(
      ["bob", "cyd", "dan"].map { addition($0, to: "staff", because: "a") })
    try await ledger.carryOut([removal("bob", from: "staff", expired)], at: .minutes(5))
    try await ledger.carryOut(
      [.createAccount(account("bob"), [], because: Reason(assignments: [.partners("a")]))],
      .applied(identity: identity("bob")))
    try await ledger.carryOut([addition("eve", to: "staff", because: "b")], .refused(reason: "no"))
    try await ledger.carryOut([addition("fay", to: "staff", because: "b")], .unknown(reason: "cut"))
    try await ledger.carryOut(
      [removal("cyd", from: "staff", absent)], .failed(.retryLater, reason: "a\0b"))
    try await ledger.endRun(
      "run-1", at: .minutes(9),
      summary: RunSummary(exitCode: 4, applied: 5, failed: 2, held: 0, messages: ["é\u{301}"]))
    ledger.close()
  }

  private func verify(_ head: String? = nil) async throws -> Verification {
    try await state.open(readOnly: true).verify(head: head)
  }

  /// Changes the database as somebody without the key would.
  private func tamper(_ body: (Database) throws -> Void) throws {
    try Tampering.change(state.folder.ledger, body)
  }

  @Test func `A2: a tombstone that the journal does not explain is found`() async throws {
    try await fill()
    try tamper { db in
      try db.execute(
        sql: """
          INSERT INTO tombstone (target, entitlement, subject, origin, because, removed_at, run)
          SELECT target, entitlement, subject, 'created', because, 1, run FROM membership LIMIT 1
          """)
    }
    let found = try await verify().faults.map(\.found)
    #expect(found.count == 1)
    #expect(found.first?.contains("recorded as ended") == true)
  }

  @Test func `what was written is whole, record by record`() async throws {
    try await fill()
    let result = try await verify()
    #expect(result.faults == [])
    #expect(result.records == 1 + 1 + 5 + 2 + 1 + 9 * 2 - 2 + 1)
    #expect(try await state.open().journalHead() == result.head)
  }

  @Test func `A2: a thousand random edits, drops, swaps, insertions and cut tails are all found`()
    async throws
  {
    try await fill()
    let key = try JournalKey.read(state.folder.key)
    let expected = try HeadFile(path: state.folder.head).read()
    let original = try DatabaseQueue(path: state.folder.ledger)
    var generator = SeededGenerator(seed: 20_260_112)
    var kinds: [String: Int] = [:]
    for round in 0..<1_000 {
      let copy = try DatabaseQueue(configuration: Tampering.configuration)
      try original.backup(to: copy)
      let (kind, result) = try tampered(copy, key, expected, &generator)
      kinds[kind, default: 0] += 1
      #expect(!result.isWhole, "round \(round): \(kind)")
      #expect(result.faults.allSatisfy { !$0.found.isEmpty && !$0.wayOut.isEmpty })
    }
    #expect(kinds.count == 6 && kinds.values.allSatisfy { $0 > 100 }, "\(kinds)")
  }

  private func tampered(
    _ copy: DatabaseQueue, _ key: JournalKey?, _ expected: JournalHead?,
    _ generator: inout SeededGenerator
  ) throws -> (String, Verification) {
    try copy.write { db in
      try Tampering.unlock(db)
      let kind = try Tampering.random(db, &generator)
      var verifier = try Verifier(db: db, key: key, expected: expected, named: nil)
      return (kind, try verifier.verify())
    }
  }

  @Test func `A2: a record from a copy of the ledger that went on by itself is found`() async throws
  {
    func approve(_ ledger: LedgerStore, by name: String) async throws {
      for (digest, name) in [("3f9c", name), ("77aa", "kim")] {
        try await ledger.approve(
          Approval(digest: digest, name: name, reason: "reviewed", at: .minutes(3)))
      }
      ledger.close()
    }
    try await state.ledger().close()
    let other = StateFolder(state.parent + "/other")
    try FileManager.default.copyItem(
      atPath: state.parent + "/state", toPath: state.parent + "/other")
    try await approve(try state.open(), by: "ada")
    try await approve(try LedgerStore(path: other.ledger), by: "eve")

    // The key is the same and the number is the same: only what came after tells.
    let record = "id = (SELECT id FROM record WHERE kind = 'approval' AND row = 1)"
    let code = try await DatabaseQueue(path: other.ledger).read { db in
      try #require(try Data.fetchOne(db, sql: "SELECT code FROM record WHERE \(record)"))
    }
    try tamper { db in
      try db.execute(sql: "UPDATE approval SET name = 'eve' WHERE id = 1")
      try db.execute(sql: "UPDATE record SET code = ? WHERE \(record)", arguments: [code])
    }
    #expect(try await verify().faults.count == 1)
  }

  @Test func `an edit names its record`() async throws {
    try await fill()
    try tamper { db in
      try db.execute(
        sql: "UPDATE intent SET change = replace(change, 'bob', 'eva') WHERE id = 1")
    }
    let fault = try #require(try await verify().faults.first)
    let record = try await state.open(readOnly: true).read("looking") { db in
      try Int64.fetchOne(db, sql: "SELECT id FROM record WHERE kind = 'intent' AND row = 1")
    }
    #expect(fault.record == record)
    #expect(fault.found.contains("the row 1 of 'intent'"))
  }

  @Test func `a cut tail is found by the head file, and by a code that was kept elsewhere`()
    async throws
  {
    try await fill()
    let head = try #require(try await verify().head)
    #expect(try await verify(head.code.uppercased()).named == head.record)
    try tamper { try Tampering.cut($0, keeping: head.record - 1) }
    let cut = try await verify().faults.map(\.found).joined()
    #expect(cut.contains("ends with record \(head.record - 1), and it had \(head.record)"))
    try FileManager.default.removeItem(atPath: state.folder.head)
    #expect(try await verify().isWhole)
    #expect(try await !verify(head.code).isWhole)
  }

  @Test func `R8: a ledger older than its head is not written until it is taken over`() async throws
  {
    try await fill()
    let older = try Data(contentsOf: URL(fileURLWithPath: state.folder.ledger))
    let ledger = try state.open()
    try await ledger.carryOut([addition("gus", to: "staff", because: "c")])
    ledger.close()
    try older.write(to: URL(fileURLWithPath: state.folder.ledger))

    let error = #expect(throws: LedgerError.self) { try state.open() }
    #expect(error?.message.contains("older than it was") == true)
    #expect(try await !verify().isWhole)
    let word = LedgerStore.TakingOver(name: "ada", reason: "the disk died", at: .minutes(10))
    try LedgerStore(path: state.folder.ledger, takingOver: word).close()
    try state.open().close()
    let result = try await verify()
    #expect(result.faults == [])
    #expect(result.remarks.joined().contains("taken over by ada"))
    #expect(result.remarks.joined().contains("the disk died"))
  }

  @Test func `R8: a ledger that is gone while its head is there is not begun anew`() async throws {
    try await fill()
    try FileManager.default.removeItem(atPath: state.folder.ledger)
    #expect(throws: LedgerError.self) { try state.open() }
    #expect(try await !verify().isWhole)
  }

  @Test func `another key, or none, is found and keeps everything from being written`() async throws
  {
    try await fill()
    try FileManager.default.removeItem(atPath: state.folder.key)
    #expect(throws: LedgerError.self) { try state.open() }
    #expect(try await verify().faults.first?.found == "the key of the journal is gone")

    _ = try JournalKey.create(state.folder.key)
    #expect(throws: LedgerError.self) { try state.open() }
    #expect(try await verify().faults.first?.found.contains("the file holds") == true)

    let word = LedgerStore.TakingOver(name: "ada", reason: "", at: .minutes(10))
    try LedgerStore(path: state.folder.ledger, takingOver: word).close()
    let result = try await verify()
    #expect(result.faults == [])
    #expect(result.remarks.joined().contains("with a key that is gone and cannot be checked"))
  }

  @Test func `a key that others can read is refused`() async throws {
    try await fill()
    #expect(
      try FileManager.default.attributesOfItem(atPath: state.folder.key)[.posixPermissions] as? Int
        == 0o600)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o640], ofItemAtPath: state.folder.key)
    let error = #expect(throws: LedgerError.self) { try state.open() }
    #expect(error?.message.contains("chmod 600") == true)
  }

  @Test func `a key elsewhere is used and made there`() async throws {
    let key = state.parent + "/elsewhere.key"
    try LedgerStore(path: state.folder.ledger, key: key).close()
    #expect(FileManager.default.fileExists(atPath: key))
    #expect(!FileManager.default.fileExists(atPath: state.folder.key))
    #expect(try await state.open(readOnly: true).verify(key: key).isWhole)
    #expect(try await !state.open(readOnly: true).verify().isWhole)
  }

  @Test func `many writers one after the other make one chain`() async throws {
    let (first, second) = (try await state.ledger(), try state.open())
    for round in 0..<5 {
      for ledger in [first, second] {
        try await ledger.approve(
          Approval(digest: "\(round)", name: "ada", reason: "", at: .minutes(round)))
      }
    }
    #expect(try await verify().isWhole)
  }
}
