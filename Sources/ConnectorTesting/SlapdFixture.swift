package import Foundation
import Glibc
import Synchronization

/// A private OpenLDAP server in a temporary folder, for tests: on loopback ports and a socket of its
/// own, started in about 100 ms, and gone with `withSlapd`.
package final class SlapdFixture: Sendable {
  package struct Options: Sendable {
    package var suffix = "dc=example,dc=org"
    /// Entries to start with besides the default tree, as LDIF.
    package var ldif = ""
    /// All entries to start with, as LDIF; `nil` for the default tree and `ldif`.
    package var content: String?
    /// The most entries a search of the service account gets; `nil` for no limit.
    package var sizeLimit: Int?
    /// Names in the server's certificate, as OpenSSL writes them. Empty for a server without TLS.
    package var certificateNames: [String] = []
    /// What the service account may do below `ou=guests`, `ou=disabled` and `ou=groups`.
    package var serviceAccess = "write"
    /// Access rules that come before all others, such as `to attrs=member by * none`.
    package var accessRules: [String] = []
    /// Lines of `cn=config` for the database, such as `olcReadOnly: TRUE`.
    package var databaseSettings: [String] = []
    /// Overlays of the database, in their order.
    package var overlays: [Overlay] = []
    /// Whether nobody may read the root entry and the schema.
    package var hidesRootEntry = false
    /// Attributes whose values the server keeps sorted.
    package var sortedAttributes = ["member", "uniqueMember", "memberUid"]
    /// Indexes of the database, such as `uid eq`.
    package var indexes = ["objectClass eq", "uid,employeeNumber,entryUUID eq"]

    package init() {}
  }

  /// One of slapd's overlays with its lines of `cn=config`.
  package struct Overlay: Sendable {
    let name: String
    let settings: [String]

    /// `objectClass` is the configuration class without its prefix: `SyncProvConfig`.
    package init(_ name: String, _ objectClass: String, _ settings: [String] = []) {
      self.name = name
      self.settings = ["objectClass: olc\(objectClass)"] + settings
    }

    /// Tells of changes as RFC 4533 has it, with a log of the last ten thousand.
    package static let syncprov = Overlay("syncprov", "SyncProvConfig", ["olcSpSessionlog: 10000"])
    /// Keeps a log of all writes in a database of its own.
    package static let accesslog = Overlay(
      "accesslog", "AccessLogConfig",
      ["olcAccessLogDB: cn=accesslog", "olcAccessLogOps: writes", "olcAccessLogSuccess: TRUE"])
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let options: Options
  package let folder: URL
  private let ports: (plain: UInt16, tls: UInt16)
  private let server = Mutex<Process?>(nil)
  private let watcher = Mutex<Process?>(nil)

  private init(_ options: Options, in folder: URL) throws {
    self.options = options
    self.folder = folder
    ports = (try LoopbackPort.unused(), try LoopbackPort.unused())
  }

  package var adminDN: String { "cn=admin,\(options.suffix)" }
  package var adminPassword: String { "secret" }
  /// An account with the rights that `serviceAccess` names and no others.
  package var serviceDN: String { "cn=bellhop,ou=services,\(options.suffix)" }
  package var servicePassword: String { "service secret" }
  package var accounts: String { "ou=guests,\(options.suffix)" }
  package var disabledAccounts: String { "ou=disabled,\(options.suffix)" }
  package var groups: String { "ou=groups,\(options.suffix)" }
  /// What stands in a group that must not be empty.
  package var placeholder: String { "cn=nobody,\(options.suffix)" }

  package var url: String { "ldap://127.0.0.1:\(ports.plain)" }
  package var tlsURL: String { "ldaps://127.0.0.1:\(ports.tls)" }
  package var socketURL: String {
    "ldapi://" + path("ldapi").replacing("/", with: "%2F")
  }
  package var port: UInt16 { ports.plain }
  package var tlsPort: UInt16 { ports.tls }
  /// The authority that signed the server's certificate.
  package var caFile: String { path("ca.crt") }

  /// Starts a server for the body and ends it, whatever happens.
  fileprivate static func with<Result>(
    _ options: Options, _ body: (SlapdFixture) async throws -> Result
  ) async throws -> Result {
    let folder = URL(fileURLWithPath: "/tmp/slapd-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let fixture = try SlapdFixture(options, in: folder)
    let result: Swift.Result<Result, any Error>
    do {
      try await fixture.prepare()
      try await fixture.start()
      result = .success(try await body(fixture))
    } catch {
      result = .failure(error)
    }
    await fixture.stop()
    try FileManager.default.removeItem(at: folder)
    return try result.get()
  }

  /// Starts the server on what it had when it stopped.
  package func start() async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path("slapd"))
    let tls = options.certificateNames.isEmpty ? "" : " \(tlsURL)"
    process.arguments = ["-F", path("config"), "-d", "0", "-h", "\(url)\(tls) \(socketURL)"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let log = folder.appending(path: "slapd.log")
    try Data().write(to: log)
    process.standardError = try FileHandle(forWritingTo: log)
    try process.startAlone()
    server.withLock { $0 = process }
    let shell = try process.watched(removing: [folder.path])
    watcher.withLock { $0 = shell }
    for _ in 0..<12_000 {
      if LoopbackPort.accepts(ports.plain) { return }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(5))
    }
    let said = try String(contentsOf: log, encoding: .utf8)
    throw Failure(description: "slapd did not start: \(said)")
  }

  /// Ends the server at once and waits until it is gone. Everything answered before is kept.
  package func stop() async {
    guard let process = server.withLock({ $0.take() }) else { return }
    if let watcher = watcher.withLock({ $0.take() }) { kill(watcher.processIdentifier, SIGKILL) }
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning {
      do { try await Task.sleep(for: .milliseconds(2)) } catch { usleep(2000) }
    }
  }

  /// Copies the database as it is.
  package func backUp() async throws { try await copy(path("data"), to: path("backup")) }

  /// Puts the database back to what it was at the last copy.
  package func restore() async throws { try await copy(path("backup"), to: path("data")) }

  private func copy(_ from: String, to: String) async throws {
    await stop()
    if FileManager.default.fileExists(atPath: to) { try FileManager.default.removeItem(atPath: to) }
    try FileManager.default.copyItem(atPath: from, toPath: to)
    try await start()
  }

  /// Whether it runs and was not frozen.
  package var isAnswering: Bool {
    get throws {
      guard let id = server.withLock({ $0?.processIdentifier }) else { return false }
      return try !String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8).contains(") T ")
    }
  }

  /// Stops the server without closing anything: a machine that hangs. Back once it has stopped.
  package func freeze() throws {
    guard let id = server.withLock({ $0?.processIdentifier }) else { return }
    kill(id, SIGSTOP)
    while try isAnswering { usleep(500) }
  }

  package func path(_ name: String) -> String { folder.appending(path: name).path }
}

/// Runs the body with a private OpenLDAP server that is gone afterwards.
package func withSlapd<Result>(
  _ options: SlapdFixture.Options = .init(), _ body: (SlapdFixture) async throws -> Result
) async throws -> Result {
  try await SlapdFixture.with(options, body)
}
