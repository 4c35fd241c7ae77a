import ConnectorTesting
import Foundation
import LDAPClient
import Secrets
import Testing

/// What is tested against a real server, one at a time, so that none waits for another's processor.
@Suite(.serialized)
enum DirectoryTests {}

extension SlapdFixture {
  func configuration(
    _ urls: [String]? = nil, startTLS: Bool = false, caFile: String? = nil,
    password: String? = nil, operationTimeout: Duration = .seconds(60)
  ) throws -> LDAPConnection.Configuration {
    try LDAPConnection.Configuration(
      urls: (urls ?? [url]).map { try LDAPURL(parsing: $0) }, startTLS: startTLS, caFile: caFile,
      bind: .simple(
        try DistinguishedName(parsing: serviceDN),
        Secret(Array((password ?? servicePassword).utf8))),
      connectTimeout: .seconds(20), operationTimeout: operationTimeout)
  }

  func name(_ text: String) throws -> DistinguishedName {
    try DistinguishedName(parsing: text)
  }

  func guest(_ uid: String) throws -> DistinguishedName {
    try name(accounts).child("uid", uid)
  }
}

/// Runs the body with a server that must have no connection left in the end.
func withDirectory(
  _ options: SlapdFixture.Options = .init(), _ body: (SlapdFixture) async throws -> Void
) async throws {
  let census = Census()
  try await Census.$current.withValue(census) {
    try await withSlapd(options) { slapd in
      try await body(slapd)
      if try slapd.isAnswering { #expect(try await slapd.isLeftAlone()) }
    }
  }
  #expect(census.connections == 0 && census.messages == 0)
}

func withConnection<Result: Sendable>(
  _ configuration: LDAPConnection.Configuration,
  _ body: (LDAPConnection) async throws -> Result
) async throws -> Result {
  let connection = LDAPConnection(configuration)
  let result: Result
  do {
    try await connection.open()
    result = try await body(connection)
  } catch {
    await connection.close()
    throw error
  }
  await connection.close()
  return result
}

func person(_ uid: String, mail: String? = nil) -> [LDAPAttribute] {
  [
    LDAPAttribute("objectClass", ["inetOrgPerson"]), LDAPAttribute("uid", [uid]),
    LDAPAttribute("cn", [uid]), LDAPAttribute("sn", [uid]),
    LDAPAttribute("mail", mail.map { [$0] } ?? ["\(uid)@example.org"]),
  ]
}

extension LDAPConnection {
  /// The names found, for small searches.
  func names(_ search: LDAPSearch, pageSize: Int32 = 1000) -> ([String], LDAPSearchResult) {
    var names: [String] = []
    let result = self.search(search, pageSize: pageSize) { entry in
      if let record = LDAPRecord(entry) { names.append(record.name) }
    }
    return (names, result)
  }

  func values(_ requests: [LDAPRequest], window: Int = 16) -> [LDAPSearchResult] {
    perform(requests, window: window)
  }
}
