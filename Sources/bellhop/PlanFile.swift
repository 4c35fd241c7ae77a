import Foundation
import Glibc
import Legibility
import Planning

/// The file that `plan --out` writes and `apply --plan` reads.
struct PlanFile {
  /// More than the plan of a million changes takes.
  private static let longest = 2 << 30

  let path: String

  /// Writes the whole file or nothing, for its owner alone. Replaces an earlier saved plan, and never
  /// anything else.
  func write(_ plan: SavedPlan) throws {
    let bytes = try plan.encoded()
    let replaces = try isReplacing()
    let folder = (path as NSString).deletingLastPathComponent
    let name = (path as NSString).lastPathComponent
    let temporary =
      (folder as NSString)
      .appendingPathComponent(".\(name).\(UInt32.random(in: 0...UInt32.max))")
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure("it cannot be made: \(lastError)") }
    defer { unlink(temporary) }
    do {
      defer { close(descriptor) }
      try write(bytes, to: descriptor)
    }
    // A name that something else took meanwhile is not taken from it.
    let isDone = replaces ? rename(temporary, path) == 0 : link(temporary, path) == 0
    guard isDone else { throw failure("it cannot be put in its place: \(lastError)") }
    synchronize(folder.isEmpty ? "." : folder)
  }

  func read() throws -> SavedPlan {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("it cannot be read: \(lastError)", .inputData) }
    defer { close(descriptor) }
    let bytes = try bytes(of: descriptor)
    do throws(SavedPlan.Fault) {
      return try SavedPlan(parsing: bytes)
    } catch {
      throw failure(error.description, .inputData)
    }
  }

  /// Whether there is a saved plan already. Throws if there is anything else.
  private func isReplacing() throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return false }
      throw failure("something else is there that cannot be read: \(lastError)")
    }
    defer { close(descriptor) }
    var status = stat()
    var start = [UInt8](repeating: 0, count: 64)
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      case let count = Glibc.read(descriptor, &start, start.count), count >= 0,
      SavedPlan.isSavedPlan(startingWith: start.prefix(count))
    else { throw failure("something is there that is no saved plan, and it is not replaced") }
    return true
  }

  private func bytes(of descriptor: Int32) throws -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= Self.longest
    else { throw failure("it is no file that a plan could be saved in", .inputData) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }

  private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("it cannot be written: \(lastError)") }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw failure("it cannot be written: \(lastError)") }
  }

  private func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private var lastError: String { String(cString: strerror(errno)) }

  private func failure(_ reason: String, _ status: ExitStatus = .ledger) -> CommandFailure {
    CommandFailure(status: status, message: "the plan file \(path): \(visible(reason))")
  }
}
