/// What is mounted where, as `/proc/self/mountinfo` says (proc(5)).
struct MountTable {
  private struct Mount {
    let point: [String]
    let type: String
  }

  private let mounts: [Mount]

  /// Lines read `36 35 98:0 /root /point options tag:1 - type source options`.
  init(parsing text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, let separator = fields.firstIndex(of: "-"),
        separator + 1 < fields.count
      else { return nil }
      return Mount(
        point: Self.unescaped(fields[4]).split(separator: "/").map(String.init),
        type: String(fields[separator + 1]))
    }
  }

  /// The type of the file system that an absolute path without links lies on: that of the deepest
  /// mount above it, and of several there the last, which hides the others.
  func fileSystemType(of path: String) -> String? {
    let components = path.split(separator: "/").map(String.init)
    var found: Mount?
    for mount in mounts
    where components.starts(with: mount.point) && mount.point.count >= found?.point.count ?? 0 {
      found = mount
    }
    return found?.type
  }

  /// Whether files of this type are reached over a network, or, as FUSE and 9P, by some program that
  /// promises nothing about locks. `fuseblk` is a local disk.
  static func isRemote(_ type: String) -> Bool {
    remoteTypes.contains(type) || type == "fuse" || type.hasPrefix("fuse.")
  }

  private static let remoteTypes: Set<String> = [
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "gpfs", "kafs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs",
  ]

  /// Space, tab, newline and backslash are written as a backslash and three octal digits.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = field.utf8
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
