package import AccessModel
import Foundation
import Glibc

/// The folder that the ledger and the run lock live in.
package struct StateFolder: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var ledger: String { path + "/ledger.sqlite" }
  package var lock: String { path + "/lock" }
  /// The key of the journal's chain, unless the configuration names another place.
  package var key: String { path + "/journal.key" }
  /// Where the chain ended when it last grew.
  package var head: String { path + "/journal.head" }
  /// Room that is given up for removals when the disk is full.
  package var reserve: String { path + "/reserve" }

  /// What was shown as held without a run, so that it can be approved.
  package var shown: String { path + "/shown" }

  /// The folder that a file lies in.
  init(containing file: String) {
    guard let slash = file.lastIndex(of: "/") else {
      path = "."
      return
    }
    path = slash == file.startIndex ? "/" : String(file[..<slash])
  }

  /// Makes the folder, for its owner alone, and those above it if they are missing.
  ///
  /// Throws if it cannot be made, or lies on a file system that other machines write to as well.
  package func create() throws(LedgerError) {
    try makeFolders(upTo: path)
    try requireLocalFileSystem()
  }

  /// Throws if the folder lies on a network file system: its locks cannot be relied on, and the
  /// write-ahead log needs memory that all its users share (sqlite.org/wal.html).
  func requireLocalFileSystem() throws(LedgerError) {
    guard let type = try fileSystemType(), MountTable.isRemote(type) else { return }
    throw LedgerError(
      message:
        "\(path): the state folder lies on a network file system (\(type)), where file locks "
        + "cannot be relied on; name a folder on a local disk as 'state'")
  }

  /// `nil` where nothing is mounted at or above the folder: the table of a process in a chroot need not
  /// name what its root lies on.
  private func fileSystemType() throws(LedgerError) -> String? {
    let mounts: MountTable
    do {
      mounts = MountTable(
        parsing: try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8))
    } catch {
      throw LedgerError(
        message: "/proc/self/mountinfo: reading what kind of file system the state folder lies on: "
          + "\(error)")
    }
    guard let resolved = realpath(path, nil) else {
      throw LedgerError(message: "\(path): finding the state folder: \(lastSystemError())")
    }
    defer { free(resolved) }
    return mounts.fileSystemType(of: String(cString: resolved))
  }

  /// Whether there is no room for even a little more.
  var isFull: Bool {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return false }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) < 256 * 1_024 || status.f_favail == 0
  }

  private func makeFolders(
    upTo path: String, makingParents: Bool = true
  ) throws(LedgerError) {
    if mkdir(path, 0o700) == 0 {
      try StateFolder(containing: path).synchronize()
    } else if errno == ENOENT, makingParents, path.contains("/"), path != "/" {
      try makeFolders(upTo: StateFolder(containing: path).path)
      // Once: in /proc, or below a link that leads nowhere, it stays missing.
      try makeFolders(upTo: path, makingParents: false)
    } else if errno != EEXIST {
      throw LedgerError(message: "\(path): making the state folder: \(lastSystemError())")
    }
  }

  /// Makes the names in the folder durable. A folder that we may not read is left to its owner.
  func synchronize() throws(LedgerError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard synchronizeFile(descriptor) else {
      throw LedgerError(message: "\(path): making it durable: \(lastSystemError())")
    }
  }
}

/// What the last failed system call said.
func lastSystemError() -> String { String(cString: strerror(errno)) }

/// fsync(2), again where a signal came between. Says whether it succeeded.
func synchronizeFile(_ descriptor: Int32) -> Bool {
  while fsync(descriptor) != 0 {
    guard errno == EINTR else { return false }
  }
  return true
}
