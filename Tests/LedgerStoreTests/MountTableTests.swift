import Testing

@testable import LedgerStore

@Suite struct MountTableTests {
  private let mounts = MountTable(
    parsing: """
      27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
      40 27 0:40 / /var/lib rw,relatime shared:1 - nfs4 filer:/lib rw
      41 40 254:1 / /var/lib/bellhop rw,relatime shared:2 master:1 - xfs /dev/vdb rw
      42 27 0:42 / /srv/with\\040space rw - fuse.sshfs host: rw
      43 27 254:2 / /media rw - fuseblk /dev/sdc rw
      44 43 0:44 / /media rw - cifs //filer/media rw
      garbage
      """)

  @Test(arguments: [
    ("/", "ext4"), ("/var", "ext4"), ("/var/lib", "nfs4"), ("/var/library", "ext4"),
    ("/var/lib/bellhop", "xfs"), ("/var/lib/bellhop/state", "xfs"), ("/var/lib/other", "nfs4"),
    ("/srv/with space/state", "fuse.sshfs"), ("/media/state", "cifs"),
  ])
  func `a path lies on the deepest and last mount above it`(path: String, type: String) {
    #expect(mounts.fileSystemType(of: path) == type)
  }

  @Test(arguments: ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse", "fuse.sshfs", "ceph", "lustre"])
  func `network file systems are known`(type: String) { #expect(MountTable.isRemote(type)) }

  @Test(arguments: ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk"])
  func `local file systems pass`(type: String) { #expect(!MountTable.isRemote(type)) }
}
