package import AccessModel
import Foundation
import Glibc
import Synchronization

/// Why the run lock was not had.
package enum RunLockError: Error, Equatable, Sendable {
  /// Another process has it; `nil` while it has not yet said who it is.
  case held(by: RunLock.Holder?)
  /// The file cannot be used. Object, act, reason.
  case unusable(message: String)
}

/// One run at a time in one state folder, by a kernel lock on a file of its own.
///
/// The kernel drops the lock when its holder ends, however it ends, so a file that a dead process left
/// behind is no lock. The ledger's file is not used for it: SQLite has its own locks there.
package final class RunLock: Sendable {
  /// Who has the lock: what its file says to the one who does not get it.
  package struct Holder: Equatable, Sendable, Codable {
    package let pid: Int32
    package let host: String
    package let command: String
    package let since: Instant
  }

  /// We ourselves, as the file says it.
  package let holder: Holder
  private let path: String
  private let descriptor: Mutex<Int32?>

  /// Takes the lock without waiting. Makes its file, and the folder, if they are missing.
  package init(path: String, command: String, at: Instant) throws(RunLockError) {
    do {
      try StateFolder(containing: path).create()
    } catch {
      throw .unusable(message: error.message)
    }
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw Self.failure(path, "opening the run lock") }
    self.path = path
    holder = Holder(pid: getpid(), host: Self.hostName(), command: command, since: at)
    do throws(RunLockError) {
      try Self.lock(file, path)
      try Self.write(holder, to: file, path)
    } catch {
      close(file)
      throw error
    }
    descriptor = Mutex(file)
  }

  deinit { release() }

  /// Gives the lock back. Once is enough.
  package func release() {
    descriptor.withLock { descriptor in
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }

  /// Throws `displaced` if the file that we have locked is not the one that the next run would lock.
  func requireHeld() throws(LedgerError) {
    try descriptor.withLock { descriptor throws(LedgerError) in
      var (ours, named) = (stat(), stat())
      guard let descriptor, fstat(descriptor, &ours) == 0 else {
        throw LedgerError(message: "\(path): the run lock was given back", kind: .displaced)
      }
      guard stat(path, &named) == 0, ours.st_dev == named.st_dev, ours.st_ino == named.st_ino
      else {
        let other = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        defer { if other >= 0 { close(other) } }
        let holder = other >= 0 ? Self.holder(in: other) : nil
        throw LedgerError(
          message: "\(path): the run lock was deleted or replaced while this run held it"
            + (holder.map { "; now it is held by \($0)" } ?? "") + "; this run stops here",
          kind: .displaced)
      }
    }
  }

  private static func lock(_ file: Int32, _ path: String) throws(RunLockError) {
    guard flock(file, LOCK_EX | LOCK_NB) != 0 else { return }
    guard errno == EWOULDBLOCK else { throw failure(path, "taking the run lock") }
    throw .held(by: holder(in: file))
  }

  private static func write(
    _ holder: Holder, to file: Int32, _ path: String
  ) throws(RunLockError) {
    do {
      let bytes = Array(try JSONText.encode(holder).utf8)
      guard ftruncate(file, 0) == 0, pwrite(file, bytes, bytes.count, 0) == bytes.count else {
        throw failure(path, "writing the run lock")
      }
    } catch let error as RunLockError {
      throw error
    } catch {
      throw .unusable(message: "\(path): writing the run lock: \(error)")
    }
  }

  /// `nil` for a file that is not yet written to its end.
  private static func holder(in file: Int32) -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    do {
      return try JSONText.decode(
        Holder.self, String(decoding: bytes[..<count], as: UTF8.self))
    } catch {
      return nil
    }
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    return gethostname(&name, name.count - 1) == 0
      ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "?"
  }

  private static func failure(_ path: String, _ act: String) -> RunLockError {
    .unusable(message: "\(path): \(act): \(lastSystemError())")
  }
}

extension RunLock.Holder: CustomStringConvertible {
  package var description: String { "'\(command)', process \(pid) on \(host), since \(since)" }
}

extension RunLockError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .held(let holder?): "another run is active: \(holder)"
    case .held(nil): "another run is active"
    case .unusable(let message): message
    }
  }
}
