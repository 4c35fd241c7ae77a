import AccessModel
import ConnectorTesting
import Foundation
import LDAPTarget
import Synchronization
import Testing

extension DirectoryTests {
  @Suite struct Remembering {
    /// A group of two thousand strangers, and a clock.
    private struct Library: Sendable {
      let directory: Directory
      let path: String
      let clock: Clock

      final class Clock: Sendable {
        let time = Mutex(Instant(microseconds: 1_768_176_000_000_000))
      }

      func target(url: String? = nil) throws -> LDAPTarget {
        var configuration = directory.configuration
        if let url { configuration.urls = [url] }
        let clock = clock
        configuration.memory = .init(fullReading: .seconds(3600), path: path) {
          clock.time.withLock { $0 }
        }
        return try LDAPTarget(configuration)
      }
    }

    /// Less than the members of the group take on the wire.
    private let whole = 60_000

    private func withLibrary(_ body: (Library) async throws -> Void) async throws {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: cn=big,ou=groups,dc=example,dc=org
        objectClass: groupOfNames

        """
      options.ldif += (0..<2000).map { "member: uid=u\($0),ou=guests,dc=example,dc=org\n" }.joined()
      try await Directory.with(options: options) { directory in
        let path = directory.slapd.folder.appending(path: "memory").path
        try await body(Library(directory: directory, path: path, clock: .init()))
      }
    }

    @Test func `a group whose version is the same is not read again, and is otherwise`()
      async throws
    {
      try await withLibrary { library in
        let scope = try library.directory.scope(["alpha", "big"])
        let target = try library.target()
        func members() async throws -> (bytes: Int, count: Int) {
          let before = try await bytes(library)
          let state = try await target.readActualState(scope)
          return (try await bytes(library) - before, state.memberships.count)
        }
        let first = try await members()
        #expect(first.bytes > whole && first.count == 2000, "\(first)")
        let second = try await members()
        #expect(second.bytes < whole && second.count == 2000, "\(second)")

        try await library.directory.slapd.modify(
          """
          dn: cn=big,\(library.directory.slapd.groups)
          changetype: modify
          delete: member
          member: uid=u7,\(library.directory.slapd.accounts)
          """)
        let third = try await members()
        #expect(third.bytes > whole && third.count == 1999, "\(third)")

        library.clock.time.withLock { $0 = $0.adding(.seconds(3600)) }
        #expect(try await members().bytes > whole, "an hour later everything is read")
        library.clock.time.withLock { $0 = $0.adding(.seconds(-7200)) }
        #expect(try await members().bytes > whole, "a clock that was set back proves nothing")
      }
    }

    @Test func `what was read outlives the process, for the same server and undamaged`()
      async throws
    {
      try await withLibrary { library in
        let scope = try library.directory.scope(["big"])
        func cost(_ url: String? = nil) async throws -> Int {
          let target = try library.target(url: url)
          let before = try await bytes(library)
          #expect(try await target.readActualState(scope).memberships.count == 2000)
          return try await bytes(library) - before
        }
        #expect(try await cost() > whole)
        #expect(try await cost() < whole)
        let other = "ldap://localhost:\(library.directory.slapd.port)"
        #expect(try await cost(other) > whole, "another server is another directory")
        #expect(try await cost() > whole)

        let file = URL(fileURLWithPath: library.path)
        let status = try FileManager.default.attributesOfItem(atPath: library.path)
        #expect(status[.posixPermissions] as? Int == 0o600)
        var content = try Data(contentsOf: file)
        content[content.count / 2] ^= 1
        try content.write(to: file)
        #expect(try await cost() > whole, "a damaged file is no file")
        try Data(content.prefix(100)).write(to: file)
        #expect(try await cost() > whole)
      }
    }

    private func bytes(_ library: Library) async throws -> Int {
      try await library.directory.slapd.values(
        of: "monitorCounter", at: "cn=Bytes,cn=Statistics,cn=Monitor"
      ).compactMap { Int($0) }.reduce(0, +)
    }
  }
}
