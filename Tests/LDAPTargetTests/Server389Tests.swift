import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Secrets
import Synchronization
import Testing

extension DirectoryTests {
  /// The same port over a 389 Directory Server: no assertions, no `entryCSN`, groups that may be
  /// empty. One server for all cases, a branch of its own for each.
  @Suite struct Server389 {
    @Test(
      .enabled(if: Fixture389.obstacle == nil, "\(Fixture389.obstacle ?? "")"),
      .timeLimit(.minutes(5)))
    func `a 389 Directory Server keeps to the port`() async throws {
      try await with389 { server in
        for (number, theCase) in TargetConformance.cases.enumerated() {
          do {
            try await theCase.run(try await Harness(server, branch: "case\(number)"))
          } catch {
            Issue.record("\(theCase): \(error)")
          }
        }
      }
    }
  }
}

private struct Harness: ConformanceHarness {
  let server: Fixture389
  let base: String
  let target: any Target
  private let road: Forwarder

  init(_ server: Fixture389, branch: String) async throws {
    self.server = server
    base = "ou=\(branch),\(server.suffix)"
    road = try Forwarder(to: server.port)
    var configuration = LDAPTarget.Configuration(
      id: "corp", urls: ["ldap://127.0.0.1:\(road.port)"],
      bind: .simple(dn: server.serviceDN, password: Secret(Array(server.servicePassword.utf8))),
      accounts: .init(
        base: "ou=guests,\(base)", objectClasses: ["inetOrgPerson"], rdn: "uid",
        anchor: "employeeNumber"),
      groups: .init(base: "ou=groups,\(base)", objectClass: "groupOfNames"))
    configuration.immutableID = "nsUniqueId"
    configuration.operationTimeout = .seconds(10)
    target = try LDAPTarget(configuration)
    var tree = "dn: \(base)\nobjectClass: organizationalUnit\n"
    for unit in ["guests", "groups"] {
      tree += "\ndn: ou=\(unit),\(base)\nobjectClass: organizationalUnit\n"
    }
    for group in groups { tree += "\ndn: \(group)\nobjectClass: groupOfNames\n" }
    try await server.modify(tree)
  }

  var groups: [String] { ["alpha", "gamma"].map { "cn=\($0),ou=groups,\(base)" } }
  var missingGroup: String { "cn=beta,ou=groups,\(base)" }
  let disableRule: DisableRule? = .set(["employeeType": ["disabled"]])
  let freeAttribute = "description"

  func attributes(of subject: SubjectID) -> [String: [String]] {
    [
      "uid": ["u-\(subject)"], "cn": ["Name of \(subject)"], "sn": ["Name"],
      "description": ["Made for a test"],
    ]
  }

  func writeCount() async throws -> Int { try await server.writes() }

  func cutConnection() async throws { road.close() }

  func recreateGroup(_ name: String) async throws {
    try await server.modify(
      "dn: \(name)\nchangetype: delete\n\ndn: \(name)\nchangetype: add\nobjectClass: groupOfNames\n"
    )
  }

  func tearDown() async { road.close() }
}

/// A way to a server on loopback that can be cut.
private final class Forwarder: Sendable {
  let port: UInt16
  private let listener: Int32
  private let ends = Mutex<[Int32]>([])

  init(to server: UInt16) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0
          ? getsockname(listener, $0, &size) : -1
      }
    }
    try #require(code == 0)
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(server)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(other, $0, size) }
        }
        ends.withLock { $0 += [client, other] }
        guard code == 0 else { continue }
        for (from, to) in [(client, other), (other, client)] {
          Thread.detachNewThread { Self.pump(from, to) }
        }
      }
    }
  }

  func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    for end in ends.withLock({ $0 }) { shutdown(end, Int32(SHUT_RDWR)) }
  }

  private static func pump(_ from: Int32, _ to: Int32) {
    var bytes = [UInt8](repeating: 0, count: 65536)
    while case let count = read(from, &bytes, bytes.count), count > 0 {
      guard send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(to, Int32(SHUT_RDWR))
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}
