import Foundation
import Glibc

/// A private domain controller of Samba, as the nearest thing to Active Directory that runs here: on
/// port 389 of a loopback address of its own, for LDAP alone, gone with `withSamba`.
///
/// Making one takes some five seconds of processor time: tests share one and keep apart by branches.
package final class SambaFixture: AdministeredServer, Sendable {
  package let suffix = "dc=example,dc=org"
  package var adminDN: String { "cn=Administrator,cn=Users,\(suffix)" }
  package let adminPassword = "Administrator_Password_1"
  /// Its ports cannot be chosen.
  package let address: String
  package let port: UInt16 = 389
  private let folder: URL
  private let server: PrivateServer

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
    server = PrivateServer(leaving: [folder.path])
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
    await fixture.server.end()
    return try result.get()
  }

  private func prepare() async throws {
    // The tool sets rights on folders that nobody uses here, which some file systems cannot keep.
    let program = """
      import runpy, samba.provision as p
      make = p.provision
      p.provision = lambda *words, **more: make(*words, **{**more, 'skip_sysvolacl': True})
      runpy.run_path('/usr/bin/samba-tool', run_name='__main__')
      """
    try await runTool(
      "/usr/bin/python3",
      [
        "-c", program,
        "domain", "provision", "--realm=EXAMPLE.ORG", "--domain=EXAMPLE", "--server-role=dc",
        "--dns-backend=NONE", "--host-name=dc", "--host-ip=\(address)",
        "--adminpass=\(adminPassword)", "--targetdir=\(folder.path)",
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
    try await server.start(
      "/usr/sbin/samba",
      ["-s", configuration, "--foreground", "--no-process-group", "--model=single"]
    ) { _ = try await values(of: "dnsHostName", at: "") }
  }

  package var administrator: DirectoryAdministrator {
    .init(url: url, name: adminDN, password: adminPassword, folder: folder)
  }

  /// A number that grows with every write.
  package func writes() async throws -> Int {
    try await values(of: "highestCommittedUSN", at: "").compactMap { Int($0) }.reduce(0, +)
  }
}

/// Runs the body against a server of its own. Only where `SambaFixture.obstacle` is `nil`.
package func withSamba<Result>(
  _ body: (SambaFixture) async throws -> Result
) async throws -> Result {
  try await SambaFixture.with(body)
}
