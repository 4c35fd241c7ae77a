package import AccessModel
import GRDB
import Glibc

/// The ledger in one SQLite file, `ledger.sqlite` of the state folder.
///
/// Work runs on the database's own thread. A cancelled task still gets its write done and its answer:
/// what became of a change must be recorded even when everything is being stopped.
package final class LedgerStore: Sendable {
  /// How long another process may keep the file locked, in seconds.
  static let busyTimeout = 5

  let path: String
  private let queue: DatabaseQueue
  private let writing: Writing?

  /// What a ledger needs that is not opened for reading only.
  private struct Writing: Sendable {
    let key: JournalKey
    let head: HeadFile
    var claim: Claim?
    var reserve: Reserve?

    /// After the commit that it is the head of. What is committed must not be tried again, so where there
    /// is no room for the head the reserve makes some, whatever was written.
    func export(_ head: JournalHead) throws(LedgerError) {
      do throws(LedgerError) {
        try self.head.write(head)
      } catch {
        guard error.kind == .full, let reserve, reserve.giveUp(because: "the disk is full") else {
          throw error
        }
        try self.head.write(head)
      }
    }
  }

  /// Opens the ledger, and makes it with its folder if it is missing.
  ///
  /// With `readOnly` it makes nothing: a ledger that does not exist yet is an empty one, and every
  /// write throws. With a `lock`, every write makes sure that the lock is still held, and throws
  /// `displaced` otherwise. `key` is the journal's key, by default a file in the same folder, which is
  /// made with the first record. `takingOver` settles that the ledger is older than it was, or has lost
  /// its key; without it that throws.
  package init(
    path: String, readOnly: Bool = false, key: String? = nil, lock: RunLock? = nil,
    takingOver: TakingOver? = nil
  ) throws(LedgerError) {
    self.path = path
    let folder = StateFolder(containing: path)
    do {
      if readOnly {
        queue = try Self.openForReading(path)
        writing = nil
      } else {
        let reserve = lock.map { _ in Reserve(path: folder.reserve) }
        try folder.create()
        (queue, writing) = try Self.withRoom(reserve, path) {
          let queue = try Self.openForWriting(path)
          var writing = try Self.begin(queue, folder, key: key ?? folder.key, takingOver)
          if let lock {
            writing.claim = try queue.write { try Claim(lock, ledger: path, $0) }
          }
          writing.reserve = reserve
          return (queue, writing)
        }
      }
    } catch {
      throw LedgerError(error, while: "opening the ledger", path: path)
    }
  }

  /// Who settles what, and why.
  package struct TakingOver: Sendable {
    package let name: String
    package let reason: String
    package let at: Instant

    package init(name: String, reason: String, at: Instant) {
      (self.name, self.reason, self.at) = (name, reason, at)
    }
  }

  var claim: Claim? { writing?.claim }

  /// Why only what ends access is recorded; `nil` while there is room for everything.
  package var shortage: String? { writing?.reserve?.shortage }

  private static func openForWriting(_ path: String) throws -> DatabaseQueue {
    try createFile(path)
    let queue = try DatabaseQueue(path: path, configuration: configuration())
    try queue.inDatabase { db in
      try LedgerSchema.claim(db)
      guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
        throw LedgerError(message: "its file system has no shared memory, which the log needs")
      }
    }
    try LedgerSchema.migrator.migrate(queue)
    return queue
  }

  /// Makes sure that the journal is whole and ours, or begins it.
  private static func begin(
    _ queue: DatabaseQueue, _ folder: StateFolder, key path: String, _ takingOver: TakingOver?
  ) throws -> Writing {
    let file = HeadFile(path: folder.head)
    // Read before the database, which can only be ahead of it.
    let expected = try file.read()
    let known = try JournalKey.read(path)
    let grown = try queue.write { db in
      let isNew = try Int64.fetchOne(db, sql: "SELECT max(id) FROM record") == nil
      guard let key = try known ?? (isNew || takingOver != nil ? JournalKey.create(path) : nil)
      else {
        throw LedgerError(
          message: "the key of its journal, \(path), is gone, so nobody can tell whether it was "
            + "edited; restore the key, or take over what is there with 'bellhop adopt TARGET'")
      }
      let chain = try Chain(db: db, key: key)
      do {
        try Chain.requireHead(expected, in: db)
        try chain.requireKey()
        if isNew { try chain.begin(keyName: key.name) }
      } catch let error as LedgerError {
        guard let takingOver else { throw error }
        try chain.append(
          .takenOver,
          Chain.TakeOver(
            name: takingOver.name, reason: takingOver.reason, at: takingOver.at, key: key.name,
            expected: expected))
      }
      return (key, chain.isGrown || expected == nil ? chain.head : nil)
    }
    if let head = grown.1 { try file.write(head) }
    return Writing(key: grown.0, head: file)
  }

  /// Once more without the reserve where there was no room.
  private static func withRoom<Value>(
    _ reserve: Reserve?, _ path: String, _ body: () throws -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch {
      let fault = LedgerError(error, while: "opening the ledger", path: path)
      guard fault.kind == .full, reserve?.giveUp(because: "the disk is full") == true else {
        throw error
      }
      return try body()
    }
  }

  private static func openForReading(_ path: String) throws -> DatabaseQueue {
    guard access(path, F_OK) == 0 else {
      // A folder that is closed to us may hold a ledger: only what is not there is empty.
      guard errno == ENOENT else { throw LedgerError(message: lastSystemError()) }
      return try emptyLedger()
    }
    try StateFolder(containing: path).requireLocalFileSystem()
    let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: true))
    return try queue.read { db in
      if try LedgerSchema.isEmpty(db) { return try emptyLedger() }
      try LedgerSchema.require(db)
      guard try LedgerSchema.migrator.hasCompletedMigrations(db) else {
        throw LedgerError(
          message: "it was written by an older version; 'bellhop apply' brings it up to date")
      }
      return queue
    }
  }

  private static func emptyLedger() throws -> DatabaseQueue {
    let queue = try DatabaseQueue(configuration: configuration())
    try LedgerSchema.migrator.migrate(queue)
    return queue
  }

  /// Makes the file for its owner alone; SQLite gives its companions the same mode.
  ///
  /// Only a file that did not exist is opened here. Closing another descriptor of an open database
  /// would cancel the locks this process holds on it (sqlite.org/howtocorrupt.html §2.2).
  private static func createFile(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      Glibc.close(descriptor)
    } else if errno != EEXIST {
      throw LedgerError(message: "making the file: \(lastSystemError())")
    }
  }

  private static func configuration(readOnly: Bool = false) -> Configuration {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(Double(busyTimeout))
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF")
    }
    return configuration
  }

  /// Waits for what is under way and closes the file. The ledger must not be used after it. A process
  /// that ends without it may leave `ledger.sqlite-wal` behind, which the next one reads.
  package func close() {
    // What is still in use then is closed by the end of the process.
    do { try queue.close() } catch {}
  }

  /// Runs `body` in one transaction that sees one state of the ledger.
  func read<Value: Sendable>(
    _ act: String, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(LedgerError) -> Value {
    let path = path
    let result: Result<Value, LedgerError> = await withCheckedContinuation { continuation in
      queue.asyncRead { access in
        continuation.resume(
          returning: Result { try body(access.get()) }
            .mapError { LedgerError($0, while: act, path: path) })
      }
    }
    return try result.get()
  }

  /// Which writes go on when no room is left but the reserve.
  enum Need: Sendable {
    case ordinary
    /// What ends access, and what became of what was sent already.
    case pressing
  }

  /// Runs `body` in one transaction, which is on the disk when this returns and undone if it throws.
  func write<Value: Sendable>(
    _ act: String, _ need: Need = .ordinary,
    _ body: @escaping @Sendable (Database, Chain) throws -> Value
  ) async throws(LedgerError) -> Value {
    guard let writing else {
      throw LedgerError(message: "\(path): \(act): it was opened for reading only")
    }
    if need == .ordinary, let shortage = writing.reserve?.shortage {
      throw LedgerError(
        message: "\(path): \(act): there is no room (\(shortage)); free at least "
          + "\(2 * Reserve.size / 1_048_576) MiB and run again",
        kind: .full)
    }
    do throws(LedgerError) {
      return try await attempt(act, writing, body)
    } catch {
      guard error.kind == .full, let reserve = writing.reserve,
        reserve.giveUp(because: "the disk is full"), need == .pressing
      else { throw error }
      return try await attempt(act, writing, body)
    }
  }

  private func attempt<Value: Sendable>(
    _ act: String, _ writing: Writing,
    _ body: @escaping @Sendable (Database, Chain) throws -> Value
  ) async throws(LedgerError) -> Value {
    let path = path
    let result: Result<Value, LedgerError> = await withCheckedContinuation { continuation in
      queue.asyncWrite({ db in
        try writing.claim?.require(db)
        let chain = try Chain(db: db, key: writing.key)
        let value = try body(db, chain)
        return (value, chain.isGrown ? chain.head : nil)
      }) { _, result in
        // Only after the commit: the head must never be ahead of the journal.
        continuation.resume(
          returning: Result {
            let (value, head) = try result.get()
            if let head { try writing.export(head) }
            return value
          }.mapError { LedgerError($0, while: act, path: path) })
      }
    }
    return try result.get()
  }
}
