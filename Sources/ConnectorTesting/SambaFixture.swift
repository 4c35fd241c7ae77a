import Foundation
import Glibc
import Synchronization

/// A private domain controller of Samba, as the nearest thing to Active Directory that runs here: on
/// port 389 of a loopback address of its own, for LDAP alone, gone with `withSamba`.
///
/// Making one takes some five seconds of processor time: tests share one and keep apart by branches.
package final class SambaFixture: Sendable {
  package let suffix = "dc=example,dc=org"
  package var adminDN: String { "cn=Administrator,cn=Users,\(suffix)" }
  package let adminPassword = "Administrator_Password_1"
  /// Its ports cannot be chosen.
  package let address: String
  package let port: UInt16 = 389
  private let folder: URL
  private let server = Mutex<Process?>(nil)
  private let watcher = Mutex<Process?>(nil)

  package var url: String { "ldap://\(address)" }

  /// Why no domain controller can be started here, if so.
  package static var obstacle: String? {
    if geteuid() != 0 { return "a domain controller can only be set up by root" }
    let files = ["/usr/sbin/samba", "/usr/bin/samba-tool", "/usr/share/samba/setup/provision.ldif"]
    let missing = files.first { !FileManager.default.fileExists(atPath: $0) }
    return missing.map {
      "\($0) is missing; install samba, samba-dsdb-modules and samba-ad-provision"
    }
  }

  private init(in folder: URL) {
    self.folder = folder
    address = "127.\(UInt8.random(in: 64...191)).\(UInt8.random(in: 0...255)).2"
  }

  fileprivate static func with<Result>(
    _ body: (SambaFixture) async throws -> Result
  ) async throws -> Result {
    let folder = URL(fileURLWithPath: "/tmp/samba-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let fixture = SambaFixture(in: folder)
    let result: Swift.Result<Result, any Error>
    do {
      try await fixture.prepare()
      result = .success(try await body(fixture))
    } catch {
      result = .failure(error)
    }
    await fixture.remove()
    return try result.get()
  }

  private func prepare() async throws {
    try await runTool(
      "/usr/bin/samba-tool",
      [
        "domain", "provision", "--realm=EXAMPLE.ORG", "--domain=EXAMPLE", "--server-role=dc",
        "--dns-backend=NONE", "--host-name=dc", "--host-ip=\(address)",
        "--adminpass=\(adminPassword)", "--targetdir=\(folder.path)",
        "--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb",
      ], in: folder)
    let configuration = folder.appending(path: "dc.conf").path
    let place = folder.path
    try """
    [global]
    netbios name = DC
    realm = EXAMPLE.ORG
    workgroup = EXAMPLE
    server role = active directory domain controller
    server services = ldap
    interfaces = \(address)/8
    bind interfaces only = yes
    tls enabled = no
    ldap server require strong auth = no
    private dir = \(place)/private
    state directory = \(place)/state
    cache directory = \(place)/cache
    lock directory = \(place)
    pid directory = \(place)
    ncalrpc dir = \(place)/ncalrpc
    log file = \(place)/log
    """.write(toFile: configuration, atomically: false, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/samba")
    process.arguments = [
      "-s", configuration, "--foreground", "--no-process-group", "--model=single",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.startAlone()
    server.withLock { $0 = process }
    let shell = try process.watched(removing: [folder.path])
    watcher.withLock { $0 = shell }
    for _ in 0..<1500 {
      if await isAnswering() { return }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw SlapdFixture.Failure(description: "samba did not start")
  }

  private func isAnswering() async -> Bool {
    do {
      _ = try await search("", "dnsHostName")
      return true
    } catch {
      return false
    }
  }

  private func remove() async {
    if let watcher = watcher.withLock({ $0.take() }) { kill(watcher.processIdentifier, SIGKILL) }
    if let process = server.withLock({ $0 }), process.isRunning {
      process.terminate()
      for _ in 0..<500 where process.isRunning {
        do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
      }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    do {
      try FileManager.default.removeItem(at: folder)
    } catch {
      // A temporary folder that stays is no reason to fail.
    }
  }

  /// Applies LDIF as the administrator, entries without a changetype as additions.
  package func modify(_ ldif: String) async throws {
    let file = folder.appending(path: "\(UUID().uuidString).ldif").path
    try ldif.write(toFile: file, atomically: false, encoding: .utf8)
    try await runTool("/usr/bin/ldapmodify", ["-a", "-f", file] + administrator, in: folder)
  }

  /// The values of one attribute of one entry, sorted; empty if there are none.
  package func values(of attribute: String, at name: String) async throws -> [String] {
    try await search(name, attribute).split(separator: "\n").compactMap { line in
      let pieces = line.split(separator: ":", maxSplits: 1)
      guard pieces.count == 2, pieces[0].lowercased() == attribute.lowercased() else { return nil }
      return pieces[1].trimmingCharacters(in: .whitespaces)
    }.sorted()
  }

  /// A number that grows with every write.
  package func writes() async throws -> Int {
    try await values(of: "highestCommittedUSN", at: "").compactMap { Int($0) }.reduce(0, +)
  }

  private func search(_ name: String, _ attribute: String) async throws -> String {
    try await runTool(
      "/usr/bin/ldapsearch",
      ["-LLL", "-o", "ldif-wrap=no", "-b", name, "-s", "base"] + administrator
        + ["(objectClass=*)", attribute], in: folder)
  }

  private var administrator: [String] { ["-x", "-H", url, "-D", adminDN, "-w", adminPassword] }
}

/// Runs the body against a server of its own. Only where `SambaFixture.obstacle` is `nil`.
package func withSamba<Result>(
  _ body: (SambaFixture) async throws -> Result
) async throws -> Result {
  try await SambaFixture.with(body)
}
