import AccessModel
import Glibc
import Synchronization

/// A file that only takes up room. On a full disk it is given up, so that what ends access can still
/// be recorded, and therefore done.
package final class Reserve: Sendable {
  static let size = 16 * 1_024 * 1_024

  private let path: String
  private let fault: Mutex<String?>

  /// Makes the file if it is missing and there is room for it.
  init(path: String) {
    self.path = path
    fault = Mutex(Self.make(path))
  }

  /// Why the reserve is not there; `nil` while it is.
  var shortage: String? { fault.withLock { $0 } }

  /// Whether a file of the full size, none of it a hole, is there.
  package static func isWhole(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && status.st_size == size && Int(status.st_blocks) * 512 >= size
  }

  /// Gives the room back to the disk. Says whether there was any to give.
  func giveUp(because reason: String) -> Bool {
    fault.withLock { fault in
      guard fault == nil, unlink(path) == 0 else { return false }
      fault = reason
      return true
    }
  }

  private static func make(_ path: String) -> String? {
    guard !isWhole(path) else { return nil }
    let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return "\(path): making it: \(lastSystemError())" }
    defer { close(descriptor) }
    var code: Int32
    repeat { code = posix_fallocate(descriptor, 0, size) } while code == EINTR
    if code == 0, synchronizeFile(descriptor), isWhole(path) { return nil }
    unlink(path)
    let words = String(cString: strerror(code == 0 ? errno : code))
    return "\(path): keeping \(size / 1_048_576) MiB free: \(words)"
  }
}
