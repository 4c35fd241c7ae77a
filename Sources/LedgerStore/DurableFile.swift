import AccessModel
import Glibc

/// Small files that are either whole on the disk or not there.
///
/// Every one belongs to its owner alone. A file that another program could have swapped for a link is
/// not followed.
struct DurableFile {
  let path: String

  /// What the file holds; `nil` if there is none. Throws for what is no regular file, is longer than
  /// `limit`, or, with `isPrivate`, could be read or written by someone else.
  func read(limit: Int, isPrivate: Bool = false) throws(LedgerError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("opening it")
    }
    defer { close(descriptor) }
    try requireSafety(descriptor, isPrivate: isPrivate)
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let more = bytes[count...].withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if more < 0, errno == EINTR { continue }
      guard more >= 0 else { throw failure("reading it") }
      if more == 0 { return Array(bytes[..<count]) }
      count += more
    }
    throw LedgerError(message: "\(path): it is longer than \(limit) bytes, so it is not ours")
  }

  /// Puts a whole new file in its place.
  func replace(with bytes: [UInt8]) throws(LedgerError) {
    let draft = DurableFile(path: "\(path).\(getpid())")
    try draft.writeAnew(bytes)
    guard rename(draft.path, path) == 0 else {
      let error = failure("putting it in its place")
      unlink(draft.path)
      throw error
    }
    try synchronizeFolder()
  }

  /// Makes the file unless there is one. Says whether it did.
  func create(with bytes: [UInt8]) throws(LedgerError) -> Bool {
    let draft = DurableFile(path: "\(path).\(getpid())")
    try draft.writeAnew(bytes)
    defer { unlink(draft.path) }
    guard link(draft.path, path) == 0 else {
      if errno == EEXIST { return false }
      throw failure("putting it in its place")
    }
    try synchronizeFolder()
    return true
  }

  /// A draft of a dead process that had our number is in the way of `O_EXCL`.
  private func writeAnew(_ bytes: [UInt8]) throws(LedgerError) {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("making it") }
    defer { close(descriptor) }
    do throws(LedgerError) {
      try write(bytes[...], to: descriptor)
      guard synchronizeFile(descriptor) else { throw failure("making it durable") }
    } catch {
      unlink(path)
      throw error
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(LedgerError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("writing it") }
      rest = rest.dropFirst(count)
    }
  }

  private func requireSafety(_ descriptor: Int32, isPrivate: Bool) throws(LedgerError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("looking at it") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw LedgerError(message: "\(path): it is no regular file; move it away")
    }
    guard isPrivate else { return }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw LedgerError(
        message: "\(path): it belongs to user \(status.st_uid), and must belong to us or root")
    }
    guard status.st_mode & 0o7177 == 0 else {
      throw LedgerError(
        message: "\(path): others may use it (mode 0\(String(status.st_mode & 0o7777, radix: 8))); "
          + "run 'chmod 600 \(path)'")
    }
  }

  /// A name is durable once its folder is.
  private func synchronizeFolder() throws(LedgerError) {
    try StateFolder(containing: path).synchronize()
  }

  private func failure(_ act: String) -> LedgerError {
    LedgerError(
      message: "\(path): \(act): \(lastSystemError())",
      kind: errno == ENOSPC || errno == EDQUOT ? .full : .unusable)
  }
}
