import CXattr
import Glibc

/// Opens a file that holds a secret, if nobody else can have read or replaced it.
///
/// Mode 0600 or less passes, and so does mode 0440 with an access control list that lets nobody in
/// but its owner and us: that is how systemd hands over a credential (systemd.exec(5),
/// `LoadCredential=`).
enum SecretFile {
  /// Symbolic links on the way to one file.
  private static let mostLinks = 40

  /// What is checked and what the descriptor reads is the same file. The caller closes it.
  static func open(_ path: String) throws(SecretError) -> Int32 {
    try checkFolders(above: path)
    let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      let reason = code == ELOOP ? "is a symbolic link" : String(cString: strerror(code))
      throw SecretError("secret file \(path): \(reason)")
    }
    do throws(SecretError) {
      try check(descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  private static func check(_ descriptor: Int32, _ path: String) throws(SecretError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw SecretError("secret file \(path): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SecretError("secret file \(path) is no regular file")
    }
    guard isTrusted(status.st_uid) else {
      throw SecretError(
        "secret file \(path) belongs to user \(status.st_uid), and must belong to us or root")
    }
    let mode = status.st_mode & 0o7777
    guard mode & ~0o600 == 0 || (mode & ~0o640 == 0 && isGrantedToUsAlone(descriptor)) else {
      throw SecretError(
        "secret file \(path) has mode 0\(String(mode, radix: 8)), which is more than 0600; "
          + "run 'chmod 600 \(path)'")
    }
  }

  /// Whoever can write to a folder on the way can put another file in the place of ours.
  private static func checkFolders(above path: String) throws(SecretError) {
    var pending = names(in: path)[...]
    var folder = "/"
    var links = 0
    try checkFolder(folder, path)
    while pending.count > 1, let name = pending.popFirst() {
      if name == ".." {
        folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "/"
        if folder.isEmpty { folder = "/" }
        continue
      }
      let next = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
      var status = stat()
      // What is missing is said when the file is opened.
      guard lstat(next, &status) == 0 else { return }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        folder = next
        try checkFolder(folder, path)
        continue
      }
      guard isTrusted(status.st_uid) else {
        throw SecretError(
          "secret file \(path): the symbolic link \(next) belongs to user \(status.st_uid), "
            + "and must belong to us or root")
      }
      links += 1
      guard links <= mostLinks, let target = target(of: next) else { return }
      if target.hasPrefix("/") { folder = "/" }
      pending = (names(in: target) + pending)[...]
    }
  }

  private static func checkFolder(_ folder: String, _ path: String) throws(SecretError) {
    var status = stat()
    guard lstat(folder, &status) == 0 else { return }
    guard isTrusted(status.st_uid) else {
      throw SecretError(
        "secret file \(path): the folder \(folder) belongs to user \(status.st_uid), "
          + "and must belong to us or root")
    }
    // In a sticky folder such as /tmp nobody can replace what belongs to another.
    let mode = status.st_mode & 0o7777
    guard mode & 0o022 == 0 || mode & S_ISVTX != 0 else {
      throw SecretError(
        "secret file \(path): others can write to the folder \(folder), which has mode "
          + "0\(String(mode, radix: 8)); run 'chmod go-w \(folder)'")
    }
  }

  private static func names(in path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }

  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress, case let count = readlink(link, start, buffer.count),
        count > 0
      else { return nil }
      return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  private static func isTrusted(_ user: uid_t) -> Bool { user == geteuid() || user == 0 }

  /// With an access control list the group bits of the mode are its mask; this looks at the entries.
  /// Their form is that of `system.posix_acl_access` (linux/posix_acl_xattr.h).
  private static func isGrantedToUsAlone(_ descriptor: Int32) -> Bool {
    let (header, size) = (4, 8)
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      let count = fgetxattr(
        descriptor, "system.posix_acl_access", buffer.baseAddress, buffer.count)
      guard count > header, (count - header).isMultiple(of: size),
        buffer.loadUnaligned(as: UInt32.self).littleEndian == 2
      else { return false }
      return stride(from: header, to: count, by: size).allSatisfy { offset in
        let tag = buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian
        let rights = buffer.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self).littleEndian
        let user = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self).littleEndian
        switch tag {
        case Tag.owner, Tag.mask: return true
        case Tag.user: return rights == 0 || (rights == 4 && isTrusted(user))
        default: return rights == 0
        }
      }
    }
  }

  private enum Tag {
    static let owner: UInt16 = 0x01
    static let user: UInt16 = 0x02
    static let mask: UInt16 = 0x10
  }
}
