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

  private let path: String
  private let isReadOnly: Bool
  private let queue: DatabaseQueue

  /// Opens the ledger, and makes it with its folder if it is missing.
  ///
  /// With `readOnly` it makes nothing: a ledger that does not exist yet is an empty one, and every
  /// write throws.
  package init(path: String, readOnly: Bool = false) throws(LedgerError) {
    self.path = path
    isReadOnly = readOnly
    do {
      queue = try readOnly ? Self.openForReading(path) : Self.openForWriting(path)
    } catch {
      throw LedgerError(error, while: "opening the ledger", path: path)
    }
  }

  private static func openForWriting(_ path: String) throws -> DatabaseQueue {
    try StateFolder(containing: path).create()
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

  /// Runs `body` in one transaction, which is on the disk when this returns and undone if it throws.
  func write<Value: Sendable>(
    _ act: String, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(LedgerError) -> Value {
    let path = path
    guard !isReadOnly else {
      throw LedgerError(message: "\(path): \(act): it was opened for reading only")
    }
    let result: Result<Value, LedgerError> = await withCheckedContinuation { continuation in
      queue.asyncWrite(body) { _, result in
        continuation.resume(
          returning: result.mapError { LedgerError($0, while: act, path: path) })
      }
    }
    return try result.get()
  }
}
