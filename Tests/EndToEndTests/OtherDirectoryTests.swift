import ConnectorTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// The built program on another product than slapd.
  @Suite struct OtherDirectory {
    private static let guests = 60

    @Test(.enabled(if: Fixture389.obstacle == nil, "\(Fixture389.obstacle ?? "")"))
    func `C3: killed anywhere on 389 Directory Server it ends as if nothing had happened`()
      async throws
    {
      try await with389 { server in
        try await fill(server)
        let bellhop = try installation(for: server)
        defer { #expect(throws: Never.self) { try bellhop.remove() } }
        let logins = (0..<Self.guests).map { "g\($0)" }

        try write(logins.flatMap { [Record($0, "Lab"), Record($0, "Archive")] }, to: bellhop)
        try await killThenFinish(bellhop)
        #expect(try await members("lab", of: server) == Set(logins + ["robot"]))
        #expect(try await members("archive", of: server) == Set(logins))

        try write(
          logins.enumerated().flatMap { position, login in
            [
              Record(login, "Lab", state: position < 20 ? "expired" : "delivered"),
              Record(login, "Archive", state: position < 40 ? "expired" : "delivered"),
            ]
          }, to: bellhop)
        try await killThenFinish(bellhop)
        #expect(try await members("lab", of: server) == Set(logins.dropFirst(20) + ["robot"]))
        #expect(try await members("archive", of: server) == Set(logins.dropFirst(40)))
        for (login, kind) in [("g0", "gone"), ("g19", "gone"), ("g20", "guest"), ("g59", "guest")] {
          let name = "uid=\(login),ou=guests,\(server.suffix)"
          #expect(try await server.values(of: "employeeType", at: name) == [kind])
        }

        let writes = try await server.writes()
        try await bellhop.run("apply", exits: 0)
        #expect(try await server.writes() == writes)
        try await bellhop.run("verify", exits: 0)
        try await bellhop.run("doctor", exits: 0)
      }
    }

    private func killThenFinish(_ bellhop: Installation) async throws {
      for delay in [60, 110, 160, 220, 290] {
        let run = try bellhop.start(["apply"])
        try await Task.sleep(for: .milliseconds(delay))
        run.signal(SIGKILL)
        _ = try await run.answer()
      }
      try await bellhop.run("apply", exits: 0)
      try await bellhop.run("plan", exits: 0)
    }

    private func fill(_ server: Fixture389) async throws {
      let branches = ["guests", "groups"].map { name in
        "dn: ou=\(name),\(server.suffix)\nobjectClass: organizationalUnit\n\n"
      }
      let groups = ["lab", "archive"].map { name in
        "dn: cn=\(name),ou=groups,\(server.suffix)\nobjectClass: groupOfNames\n"
          + (name == "lab" ? "member: cn=robot,\(server.suffix)\n" : "") + "\n"
      }
      try await server.modify((branches + groups).joined())
    }

    private func installation(for server: Fixture389) throws -> Installation {
      let bellhop = try Installation()
      try bellhop.write(server.servicePassword, to: "corp.secret", mode: 0o600)
      try bellhop.write(
        """
        version: 1
        state: state
        mappings: mappings
        sources: { desk: { kind: file, path: guests.csv } }
        targets:
          corp:
            kind: ldap
            url: "\(server.url)"
            bind: { dn: "\(server.serviceDN)", password: { file: corp.secret } }
            accounts: { base: "ou=guests,\(server.suffix)", objectClasses: [inetOrgPerson], \
        rdn: uid, anchor: employeeNumber }
            groups: { base: "ou=groups,\(server.suffix)", objectClass: groupOfNames }

        """, to: "bellhop.yaml")
      let packages = ["Lab", "Archive"].map { name in
        "  - accessPackage: \(name)\n    entitlements:\n"
          + "      - { target: corp, group: \"cn=\(name.lowercased()),ou=groups,\(server.suffix)\" }\n"
      }
      try bellhop.write(
        "version: 1\npackages:\n" + packages.joined() + """
          accounts:
            - target: corp
              attributes:
                uid: '[login]'
                cn: '[displayName]'
                sn: '[displayName]'
                employeeType: { constant: guest }
              onLastAssignmentEnded: { disable: { set: { employeeType: gone } } }

          """, to: "mappings/guests.yaml")
      return bellhop
    }

    private func write(_ records: [Record], to bellhop: Installation) throws {
      try bellhop.write(Record.file("guests.csv", records), to: "guests.csv")
    }

    /// The first name of each member.
    private func members(_ group: String, of server: Fixture389) async throws -> Set<String> {
      let values = try await server.values(
        of: "member", at: "cn=\(group),ou=groups,\(server.suffix)")
      #expect(Set(values).count == values.count)
      return Set(
        values.compactMap { $0.split { $0 == "=" || $0 == "," }.dropFirst().first }.map(String.init)
      )
    }
  }
}
