import ConnectorTesting
import Foundation
import LDAPClient
import Testing

extension DirectoryTests {
  @Suite struct Searching {
    /// As many people as LDIF.
    static func people(_ count: Int, _ slapd: SlapdFixture.Options = .init()) -> String {
      (0..<count).map { number in
        """

        dn: uid=u\(number),ou=guests,\(slapd.suffix)
        objectClass: inetOrgPerson
        uid: u\(number)
        cn: Person \(number)
        sn: \(number)

        """
      }.joined()
    }

    @Test(arguments: [100, 1000, 10_000] as [Int32])
    func `more entries than fit a page are all found, once`(pageSize: Int32) async throws {
      var options = SlapdFixture.Options()
      options.ldif = Self.people(2500)
      try await withDirectory(options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let (names, result) = await connection.names(
            LDAPSearch(
              base: try slapd.name(slapd.accounts), scope: .oneLevel, attributes: ["uid"]),
            pageSize: pageSize)
          #expect(result.isComplete)
          #expect(result.entries == 2500)
          #expect(Set(names).count == 2500)
        }
      }
    }

    @Test func `a size limit comes with the entries it cut off`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = Self.people(50)
      options.sizeLimit = 20
      try await withDirectory(options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          for pageSize in [0, 7, 1000] as [Int32] {
            let (names, result) = await connection.names(
              LDAPSearch(
                base: try slapd.name(slapd.accounts), scope: .oneLevel, attributes: []),
              pageSize: pageSize)
            #expect(result.result.code == .sizeLimitExceeded)
            #expect(!result.isComplete)
            #expect(names.count == result.entries)
            #expect(names.count <= 20)
          }
        }
      }
    }

    @Test func `a referral is counted and not followed`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = """

        dn: ou=elsewhere,ou=guests,dc=example,dc=org
        objectClass: referral
        objectClass: extensibleObject
        ou: elsewhere
        ref: ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=org

        """
      try await withDirectory(options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let (names, result) = await connection.names(
            LDAPSearch(base: try slapd.name(slapd.accounts), scope: .subtree, attributes: []))
          #expect(names.count == 1)
          #expect(result.references == 1)
          #expect(result.result.isSuccess)
          #expect(!result.isComplete)
        }
      }
    }

    @Test func `a search that is cut off in the middle is no result`() async throws {
      var options = SlapdFixture.Options()
      options.ldif = Self.people(5000)
      try await withDirectory(options) { slapd in
        try await withConnection(try slapd.configuration(operationTimeout: .seconds(4))) {
          connection in
          let result = await connection.search(
            LDAPSearch(base: try slapd.name(slapd.accounts), scope: .subtree, attributes: ["cn"]),
            pageSize: 100
          ) { entry in
            guard LDAPRecord(entry)?.name.hasPrefix("uid=u150,") == true else { return }
            do { try slapd.freeze() } catch { Issue.record(error) }
          }
          #expect(result.entries > 100)
          #expect(result.entries < 5000)
          #expect(result.result.code == .timedOut)
          #expect(!result.isComplete)
        }
      }
    }

    @Test func `an entry that is not there is told from one that cannot be read`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let nobody = try slapd.guest("nobody")
          #expect(try await connection.record(nobody, attributes: []) == nil)
          await slapd.stop()
          await #expect(throws: LDAPError.self) {
            _ = try await connection.record(nobody, attributes: [])
          }
        }
      }
    }
  }
}
