import AccessModel
import GRDB
import Glibc

/// One run's right to write: it holds the lock, and the database counts it as the newest.
///
/// The lock alone is not enough. Its file can be deleted, and the whole folder be moved away or
/// restored from a backup, while a run goes on; another run then takes a lock of its own.
struct Claim: Sendable {
  private let lock: RunLock
  private let ledger: FileIdentity
  private let epoch: Int64

  /// Takes the database over from whoever had it before.
  init(_ lock: RunLock, ledger path: String, _ db: Database) throws {
    self.lock = lock
    ledger = try FileIdentity(path)
    let number = try Int64.fetchOne(
      db, sql: "UPDATE epoch SET number = number + 1, holder = ? RETURNING number",
      arguments: [lock.holder.description])
    guard let number else { throw LedgerError(message: "its epoch is gone; restore a backup") }
    epoch = number
  }

  /// Throws `displaced` if the right is lost. To be called in the transaction that it is for.
  func require(_ db: Database) throws {
    try lock.requireHeld()
    guard try ledger.isStill() else {
      throw LedgerError(
        message: "the file was moved away or replaced while this run was using it, so it stops "
          + "here; run it again",
        kind: .displaced)
    }
    let row = try Row.fetchOne(db, sql: "SELECT number, holder FROM epoch")
    guard let row, row[0] == epoch else {
      let holder: String = row?[1] ?? "nobody we know"
      throw LedgerError(
        message: "another run has taken over: \(holder); this one stops here", kind: .displaced)
    }
  }
}

/// Which file a path led to.
struct FileIdentity: Equatable, Sendable {
  private let path: String
  private let device: dev_t
  private let number: ino_t

  init(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw LedgerError(message: "\(path): \(lastSystemError())")
    }
    (self.path, device, number) = (path, status.st_dev, status.st_ino)
  }

  /// Whether the path still leads there.
  func isStill() throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw LedgerError(message: "\(path): \(lastSystemError())")
      }
      return false
    }
    return status.st_dev == device && status.st_ino == number
  }
}
