import Foundation
import Glibc

/// A private 389 Directory Server, for tests: on loopback, without systemd, gone with `with389`.
///
/// The packaged tools make instances only in `/etc/dirsrv` and `/var/lib/dirsrv`, and only for root.
/// Making one takes some ten seconds: tests share one and keep apart by branches of the tree.
package final class Fixture389: AdministeredServer, Sendable {
  package let suffix = "dc=example,dc=org"
  package let adminDN = "cn=Directory Manager"
  package let adminPassword = "Directory_Manager_Password"
  package var serviceDN: String { "cn=bellhop,\(suffix)" }
  package let servicePassword = "service secret"
  package let port: UInt16
  private let name: String
  private let folder: URL
  private let server: PrivateServer

  package var url: String { "ldap://127.0.0.1:\(port)" }

  /// Why no server can be started here, if so.
  package static var obstacle: String? {
    if geteuid() != 0 { return "a 389 Directory Server can only be set up by root" }
    let tools = ["/usr/sbin/ns-slapd", "/usr/sbin/dscreate"]
    let missing = tools.first { !FileManager.default.isExecutableFile(atPath: $0) }
    return missing.map { "\($0) is missing; install 389-ds-base and python3-lib389" }
  }

  private init(in folder: URL) throws {
    self.folder = folder
    name = "bellhop\(getpid())x\(UInt16.random(in: 0...999))"
    port = try LoopbackPort.unused()
    server = PrivateServer(
      leaving: ["/etc/dirsrv", "/var/lib/dirsrv", "/var/log/dirsrv", "/run/lock/dirsrv"].map {
        [name] in "\($0)/slapd-\(name)"
      } + ["/run/dirsrv/slapd-\(name).pid", "/etc/default/dirsrv-\(name)", folder.path])
  }

  fileprivate static func with<Result>(
    _ body: (Fixture389) async throws -> Result
  ) async throws -> Result {
    let folder = URL(fileURLWithPath: "/tmp/389-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let fixture = try Fixture389(in: folder)
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
    let answers = folder.appending(path: "answers.inf").path
    try """
    [general]
    config_version = 2
    full_machine_name = localhost.localdomain
    strict_host_checking = False
    start = False
    systemd = False
    selinux = False
    [slapd]
    instance_name = \(name)
    port = \(port)
    secure_port = \(try LoopbackPort.unused())
    root_password = \(adminPassword)
    self_sign_cert = False
    [backend-userroot]
    suffix = \(suffix)
    create_suffix_entry = True
    sample_entries = no
    """.write(toFile: answers, atomically: false, encoding: .utf8)
    // The tool asks systemd to start what it made, unless it is told that there is none.
    let program = """
      import sys, runpy, lib389.paths as p
      p.Paths.with_systemd = property(lambda s: False)
      sys.argv = ['dscreate', 'from-file', '\(answers)']
      runpy.run_path('/usr/sbin/dscreate', run_name='__main__')
      """
    try await runTool("/usr/bin/python3", ["-c", program], in: folder)
    try await stopWhatTheToolLeft()
    let configuration = "/etc/dirsrv/slapd-\(name)/dse.ldif"
    let text = try String(contentsOfFile: configuration, encoding: .utf8)
    try text.replacing(
      "dn: cn=config\n", with: "dn: cn=config\nnsslapd-listenhost: 127.0.0.1\n", maxReplacements: 1
    ).write(toFile: configuration, atomically: false, encoding: .utf8)
    try await server.start(
      "/usr/sbin/ns-slapd",
      ["-D", "/etc/dirsrv/slapd-\(name)", "-i", "/run/dirsrv/slapd-\(name).pid", "-d", "0"]
    ) { _ = try await values(of: "vendorName", at: "") }
    try await modify(
      """
      dn: \(suffix)
      changetype: modify
      add: aci
      aci: (targetattr="*")(version 3.0; acl "bellhop"; allow (all) \
      userdn="ldap:///\(serviceDN)";)

      dn: \(serviceDN)
      changetype: add
      objectClass: organizationalRole
      objectClass: simpleSecurityObject
      userPassword: \(servicePassword)
      """)
  }

  private func stopWhatTheToolLeft() async throws {
    let file = "/run/dirsrv/slapd-\(name).pid"
    guard FileManager.default.fileExists(atPath: file),
      let process = pid_t(
        try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(
          in: .whitespacesAndNewlines))
    else { return }
    kill(process, SIGTERM)
    for _ in 0..<500 where kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
  }

  package var administrator: DirectoryAdministrator {
    .init(url: url, name: adminDN, password: adminPassword, folder: folder)
  }

  /// How many writing requests the server has taken since it started.
  package func writes() async throws -> Int {
    var count = 0
    for counter in ["addentryops", "modifyentryops", "removeentryops", "modifyrdnops"] {
      count += try await values(of: counter, at: "cn=snmp,cn=monitor").compactMap { Int($0) }
        .reduce(0, +)
    }
    return count
  }
}

/// Runs the body against a server of its own. Only where `Fixture389.obstacle` is `nil`.
package func with389<Result>(
  _ body: (Fixture389) async throws -> Result
) async throws -> Result {
  try await Fixture389.with(body)
}
