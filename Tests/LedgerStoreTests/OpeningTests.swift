import AccessModel
import Foundation
import GRDB
import Glibc
import Testing

@testable import LedgerStore

@Suite struct OpeningTests {
  let state: TemporaryState

  init() throws { state = try TemporaryState() }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  /// What opening the ledger says is wrong.
  private func complaint(readOnly: Bool = false) -> String {
    do {
      _ = try state.open(readOnly: readOnly)
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  @Test func `folder and files are their owner's alone`() async throws {
    let ledger = try await state.ledger()
    #expect(try mode(state.folder.path) == 0o700)
    for suffix in ["", "-wal", "-shm"] { #expect(try mode(state.folder.ledger + suffix) == 0o600) }
    #expect(try await ledger.runs(limit: 1).count == 1)
  }

  @Test func `a closed ledger is one file beside its key and head, and opens again`() async throws {
    let ledger = try await state.ledger()
    ledger.close()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: state.folder.path).sorted() == [
        "journal.head", "journal.key", "ledger.sqlite",
      ])
    #expect(try await state.open().runs(limit: 1).count == 1)
  }

  @Test func `every commit is durable, and only declared relations are possible`() async throws {
    let ledger = try state.open()
    let settings = try await ledger.read("reading settings") { db in
      try ["synchronous", "foreign_keys", "trusted_schema", "journal_mode"].map {
        try String.fetchOne(db, sql: "PRAGMA \($0)")
      }
    }
    #expect(settings == ["2", "1", "0", "wal"])
  }

  @Test func `a ledger is found again`() async throws {
    var ledger = try await state.ledger()
    try await ledger.carryOut([addition("ada", to: "staff", because: "asn-1")])
    ledger = try state.open()
    #expect(try await ledger.membershipLines() == ["staff ada created asn-1"])
    #expect(try await ledger.runs(limit: 9) == [.first])
  }

  @Test func `two connections see each other's work`() async throws {
    let first = try await state.ledger()
    let second = try state.open()
    try await first.carryOut([addition("ada", to: "staff", because: "asn-1")])
    #expect(try await second.membershipLines() == ["staff ada created asn-1"])
    try await second.carryOut([removal("ada", from: "staff", expired)])
    #expect(try await first.membershipLines().isEmpty)
  }

  @Test func `reading a ledger that is not there makes nothing`() async throws {
    let ledger = try state.open(readOnly: true)
    #expect(try await ledger.runs(limit: 9).isEmpty)
    #expect(try await ledger.clockHistory() == nil)
    #expect(try await ledger.ownership(of: "corp").memberships.count == 0)
    #expect(try await ledger.journal(JournalQuery()).isEmpty)
    await #expect(throws: LedgerError.self) { try await ledger.beginRun(.first) }
    #expect(!FileManager.default.fileExists(atPath: state.folder.path))
  }

  @Test func `a ledger that cannot be reached is not an empty one`() throws {
    #expect(FileManager.default.createFile(atPath: state.folder.path, contents: Data()))
    #expect(complaint(readOnly: true).contains("Not a directory"))
  }

  @Test func `a ledger opened for reading cannot be written`() async throws {
    let writer = try await state.ledger()
    let reader = try state.open(readOnly: true)
    #expect(try await reader.runs(limit: 9) == [.first])
    let error = await #expect(throws: LedgerError.self) {
      try await reader.carryOut([addition("ada", to: "staff", because: "asn-1")])
    }
    #expect(error?.message.contains("reading only") == true)
    #expect(try await writer.ownership(of: "corp").memberships.count == 0)
  }

  @Test func `a file whose making was cut short is a new ledger`() async throws {
    try FileManager.default.createDirectory(
      atPath: state.folder.path, withIntermediateDirectories: true)
    #expect(FileManager.default.createFile(atPath: state.folder.ledger, contents: Data()))
    #expect(try await state.open(readOnly: true).runs(limit: 1).isEmpty)
    #expect(try await state.ledger().runs(limit: 1) == [.first])
  }

  @Test(arguments: [false, true])
  func `another program's database is refused and left alone`(readOnly: Bool) throws {
    try FileManager.default.createDirectory(
      atPath: state.folder.path, withIntermediateDirectories: true)
    try sqlite(state.folder.ledger, "CREATE TABLE recipe (name TEXT)")
    let before = try Data(contentsOf: URL(fileURLWithPath: state.folder.ledger))
    #expect(complaint(readOnly: readOnly).contains("not a ledger"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: state.folder.ledger)) == before)
  }

  @Test(arguments: [false, true])
  func `a newer version's ledger is refused`(readOnly: Bool) throws {
    _ = try state.open()
    try sqlite(
      state.folder.ledger, "INSERT INTO grdb_migrations VALUES ('3 something to come')")
    let said = complaint(readOnly: readOnly)
    #expect(said.contains("newer version (3 something to come)"))
  }

  @Test func `a ledger whose making was cut short is an empty one`() async throws {
    try await state.ledger().close()
    for suffix in ["", "-wal", "-shm"] where access(state.folder.ledger + suffix, F_OK) == 0 {
      unlink(state.folder.ledger + suffix)
    }
    unlink(state.folder.head)
    let queue = try DatabaseQueue(path: state.folder.ledger)
    try LedgerSchema.migrator.migrate(queue, upTo: LedgerSchema.migrator.migrations[1])
    try await queue.write {
      try $0.execute(sql: "PRAGMA application_id = \(LedgerSchema.applicationID)")
    }
    try queue.close()
    let found = try await state.open(readOnly: true).verify()
    #expect(found.isWhole)
    #expect(found.remarks.first?.contains("the making of the ledger was cut short") == true)
    try await state.ledger().close()
    #expect(try await state.open(readOnly: true).verify().isWhole)
  }

  @Test func `an older version's ledger is not read before it is brought up to date`() async throws
  {
    try await state.ledger().close()
    try sqlite(state.folder.ledger, "DELETE FROM grdb_migrations")
    #expect(complaint(readOnly: true).contains("older version"))
  }

  @Test(arguments: [false, true])
  func `a damaged file is named as such, with the way out`(readOnly: Bool) throws {
    try FileManager.default.createDirectory(
      atPath: state.folder.path, withIntermediateDirectories: true)
    try Data(repeating: 0x7b, count: 8192).write(to: URL(fileURLWithPath: state.folder.ledger))
    let said = complaint(readOnly: readOnly)
    #expect(said.contains("damaged"))
    #expect(said.contains("restore a backup"))
    #expect(said.contains(state.folder.ledger))
  }

  @Test func `damage within the file stops the reading`() async throws {
    var ledger: LedgerStore? = try await state.ledger()
    try await ledger?.carryOut(
      (0..<500).map { addition(SubjectID("s\($0)"), to: "staff", because: "asn-\($0)") })
    ledger = nil
    try sqlite(state.folder.ledger, "PRAGMA wal_checkpoint(TRUNCATE)")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: state.folder.ledger))
    for page in 40..<(bytes.count / 4096) {
      bytes.replaceSubrange(page * 4096..<page * 4096 + 64, with: Data(repeating: 0xff, count: 64))
    }
    try bytes.write(to: URL(fileURLWithPath: state.folder.ledger))

    let error = await #expect(throws: LedgerError.self) {
      let damaged = try state.open()
      _ = try await damaged.ownership(of: "corp")
      _ = try await damaged.journal(JournalQuery(limit: 1000))
    }
    #expect(error?.message.contains("damaged") == true)
  }

  @Test func `a full disk is named as such and leaves no part of a batch`() async throws {
    let ledger = try await state.ledger()
    try await ledger.write("limiting the file") { db, _ in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages + 4)")
    }
    let changes = (0..<2000).map { addition(SubjectID("s\($0)"), to: "staff", because: "asn-1") }
    let error = await #expect(throws: LedgerError.self) {
      try await ledger.intend(changes, target: "corp", run: "run-1", at: .nine)
    }
    #expect(error?.message.contains("the disk is full") == true)
    #expect(try await ledger.ownership(of: "corp").memberships.count == 0)
    #expect(try await ledger.journal(JournalQuery()).isEmpty)
  }

  @Test func `a disk that fails in the middle of a batch leaves no part of it`() async throws {
    let ledger = try await state.ledger()
    await #expect(processExitsWith: .success) { [path = state.folder.ledger as String] in
      let ledger = try LedgerStore(path: path)
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit()
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let unlimited = limit
      limit.rlim_cur = 200_000
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let changes = (0..<5000).map { addition(SubjectID("s\($0)"), to: "staff", because: "asn-1") }
      let error = await #expect(throws: LedgerError.self) {
        try await ledger.intend(changes, target: "corp", run: "run-1", at: .nine)
      }
      #expect(error?.message.contains("disk") == true)
      limit = unlimited
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      try await ledger.carryOut([addition("ada", to: "staff", because: "asn-1")])
    }
    #expect(try await ledger.membershipLines() == ["staff ada created asn-1"])
    #expect(try await ledger.journal(JournalQuery()).count == 1)
  }

  @Test func `a folder that cannot be written is named as such`() async throws {
    _ = try state.open()
    for path in [state.parent, state.folder.path] { #expect(chmod(path, 0o555) == 0) }
    #expect(chmod(state.folder.ledger, 0o444) == 0)
    defer { for path in [state.parent, state.folder.path] { chmod(path, 0o700) } }
    await #expect(processExitsWith: .success) {
      [path = state.folder.ledger as String, parent = state.parent as String] in
      if getuid() == 0 { #expect(setgid(65534) == 0 && setuid(65534) == 0) }
      for readOnly in [false, true] {
        let error = #expect(throws: LedgerError.self) {
          _ = try LedgerStore(path: path, readOnly: readOnly)
        }
        #expect(error?.message.contains("folder") == true)
      }
      let error = #expect(throws: LedgerError.self) {
        _ = try LedgerStore(path: parent + "/other/ledger.sqlite")
      }
      #expect(error?.message.contains("Permission denied") == true)
    }
  }

  @Test func `what a killed process meant to do is known to the next`() async throws {
    let ledger = try await state.ledger()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = state.folder.ledger as String] in
      let ledger = try LedgerStore(path: path)
      try await ledger.carryOut([addition("bob", to: "staff", because: "asn-2")])
      _ = try await ledger.intend(
        [addition("ada", to: "staff", because: "asn-1"), removal("bob", from: "staff", expired)],
        target: "corp", run: "run-1", at: .nine)
      kill(getpid(), SIGKILL)
    }
    #expect(
      try await ledger.membershipLines()
        == ["staff ada intended asn-1", "staff bob created asn-2"])
    #expect(try await ledger.journal(JournalQuery()).map(\.outcome) == [nil, nil, "applied"])
  }
}
