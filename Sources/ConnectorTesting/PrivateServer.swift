import Foundation
import Glibc
import Synchronization

/// A server that a test started: ended with it, whatever becomes of the test, and its files removed.
final class PrivateServer: Sendable {
  private let paths: [String]
  private let server = Mutex<Process?>(nil)
  private let watcher = Mutex<Process?>(nil)

  /// `paths` are removed with it.
  init(leaving paths: [String]) { self.paths = paths }

  /// Throws if it ends, or does not answer within half a minute.
  func start(
    _ program: String, _ arguments: [String], until isAnswering: () async throws -> Void
  ) async throws {
    let process = try Process.silent(program, arguments)
    server.withLock { $0 = process }
    let shell = try process.watched(removing: paths)
    watcher.withLock { $0 = shell }
    for _ in 0..<1500 {
      do { return try await isAnswering() } catch { try await Task.sleep(for: .milliseconds(20)) }
      guard process.isRunning else { break }
    }
    throw SlapdFixture.Failure(description: "\(program) did not start")
  }

  func end() async {
    if let watcher = watcher.withLock({ $0.take() }) { kill(watcher.processIdentifier, SIGKILL) }
    if let process = server.withLock({ $0 }), process.isRunning {
      process.terminate()
      for _ in 0..<500 where process.isRunning {
        do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
      }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    for path in paths {
      do { try FileManager.default.removeItem(atPath: path) } catch { continue }
    }
  }
}

/// Somebody with every right in a directory, who uses OpenLDAP's tools.
package struct DirectoryAdministrator: Sendable {
  let url: String
  let name: String
  let password: String
  let folder: URL

  private var identity: [String] { ["-x", "-H", url, "-D", name, "-w", password] }

  /// Applies LDIF, entries without a changetype as additions.
  func modify(_ ldif: String) async throws {
    let file = folder.appending(path: "\(UUID().uuidString).ldif").path
    try ldif.write(toFile: file, atomically: false, encoding: .utf8)
    try await runTool("/usr/bin/ldapmodify", ["-a", "-f", file] + identity, in: folder)
  }

  /// The values of one attribute of one entry, sorted; empty if there are none.
  func values(of attribute: String, at name: String) async throws -> [String] {
    try await runTool(
      "/usr/bin/ldapsearch",
      ["-LLL", "-o", "ldif-wrap=no", "-b", name, "-s", "base"] + identity
        + ["(objectClass=*)", attribute], in: folder
    ).split(separator: "\n").compactMap { line in
      let pieces = line.split(separator: ":", maxSplits: 1)
      guard pieces.count == 2, pieces[0].lowercased() == attribute.lowercased() else { return nil }
      return pieces[1].trimmingCharacters(in: .whitespaces)
    }.sorted()
  }
}

/// A server with somebody who may do anything in it.
package protocol AdministeredServer {
  var administrator: DirectoryAdministrator { get }
}

extension AdministeredServer {
  /// Applies LDIF as the administrator, entries without a changetype as additions.
  package func modify(_ ldif: String) async throws { try await administrator.modify(ldif) }

  /// The values of one attribute of one entry, sorted; empty if there are none.
  package func values(of attribute: String, at name: String) async throws -> [String] {
    try await administrator.values(of: attribute, at: name)
  }
}
