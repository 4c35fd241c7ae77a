import ConnectorTesting
import Foundation
import HTTPTransport
import Testing

extension EndToEnd {
  /// Doctor is pointed at a service, and what it suggests is used as it stands.
  @Suite struct Doctor {
    @Test(arguments: [
      SCIMServerFeatures.all, .minimal, .cursors, .smallBulk, .django, .canaille,
    ])
    func `the dialect that doctor suggests works as it is`(
      features: SCIMServerFeatures
    ) async throws {
      try await withSCIMServer(features) { server in
        var bellhop = try Installation()
        bellhop.environment["WIKI_TOKEN"] = server.token
        let result: Result<Void, any Error>
        do {
          result = .success(try await use(bellhop, server))
        } catch {
          result = .failure(error)
        }
        try bellhop.remove()
        try result.get()
      }
    }

    private func use(_ bellhop: Installation, _ server: SCIMServer) async throws {
      try configure(bellhop, server, dialect: "")
      let said = try await bellhop.run("doctor", "wiki", "--scratch", "--json", exits: 0).json
      let diagnoses = said["examined"].items[0]["diagnoses"].items
      let suggested = diagnoses.first { $0["topic"] == "dialect" }?["remedy"].text ?? ""
      if server.features == .django { #expect(suggested.contains("memberRemoval: valueArray")) }
      try configure(bellhop, server, dialect: suggested)
      try await bellhop.run("validate", exits: 0)

      let records = [Record("ines", "Lab"), Record("jon", "Lab"), Record("mira", "Archive")]
      try bellhop.write(Record.file("guests.csv", records), to: "guests.csv")
      try await bellhop.run("apply", exits: 0)
      try await bellhop.run("plan", exits: 0)

      let ended = [
        Record("ines", "Lab", state: "expired"), Record("jon", "Lab"),
        Record("mira", "Archive", state: "expired"),
      ]
      try bellhop.write(Record.file("guests.csv", ended), to: "guests.csv")
      try await bellhop.run("apply", exits: 0)
      try await bellhop.run("plan", exits: 0)
      // This hand knows neither OAuth nor cursors.
      if ![.canaille, .cursors].contains(server.features) {
        let wiki = Wiki(server)
        #expect(try await wiki.members("Lab") == ["jon"])
        #expect(try await wiki.members("Archive") == [])
        #expect(try await wiki.user("ines")["active"] == false)
      }
    }

    private func configure(
      _ bellhop: Installation, _ server: SCIMServer, dialect: String
    ) throws {
      let auth =
        server.features == .canaille
        ? "{ oauth: { tokenURL: \"http://127.0.0.1:\(server.url.port)/oauth/token\", "
          + "clientID: bellhop, clientSecret: { env: WIKI_TOKEN } } }"
        : "{ bearer: { env: WIKI_TOKEN } }"
      let pasted = dialect.split(separator: "\n").map { "    \($0)\n" }.joined()
      try bellhop.write(
        """
        version: 1
        state: state
        mappings: mappings
        sources:
          desk: { kind: file, path: guests.csv }
        targets:
          wiki:
            kind: scim
            url: "\(server.url)"
            auth: \(auth)
            createGroups: true
        \(pasted)
        """, to: "bellhop.yaml")
      try bellhop.write(
        """
        version: 1
        packages:
          - { accessPackage: Lab, entitlements: [{ target: wiki, group: Lab }] }
          - { accessPackage: Archive, entitlements: [{ target: wiki, group: Archive }] }
        accounts:
          - target: wiki
            attributes:
              userName: '[email]'
              name.givenName: '[login]'
              name.familyName: '[displayName]'
              emails.work: '[email]'
            onLastAssignmentEnded: { disable: true }
        """, to: "mappings/wiki.yaml")
      try bellhop.write(Record.file("guests.csv", []), to: "guests.csv")
    }
  }
}
