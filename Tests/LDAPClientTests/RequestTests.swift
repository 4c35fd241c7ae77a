import ConnectorTesting
import Foundation
import LDAPClient
import Testing

extension DirectoryTests {
  @Suite struct Requests {
    private let awkward = [
      "a,b", "a+b", "a=b", " padded ", "#hash", "quo\"te", "back\\slash", "<angle>", "semi;colon",
      "st*ar", "(paren)", "Zoë 村上", "a\\2Cb", "ou=x,dc=y",
    ]

    @Test func `entries with awkward names are made, found, renamed and deleted`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let guests = try slapd.name(slapd.accounts)
          let disabled = try slapd.name(slapd.disabledAccounts)
          for uid in awkward {
            let name = guests.child("cn", uid)
            let added = await connection.values([.add(name, person(uid, mail: "a@b"))])
            #expect(added[0].result.isSuccess, "\(uid): \(LDAPError(added[0].result))")
            let (found, _) = await connection.names(
              LDAPSearch(
                base: guests, scope: .oneLevel, filter: .equals("cn", uid), attributes: []))
            #expect(try found.map { try DistinguishedName(parsing: $0) } == [name])
            let moved = disabled.child("cn", uid)
            let results = await connection.values([.move(name, below: disabled), .delete(moved)])
            #expect(results[0].result.isSuccess, "\(uid): \(LDAPError(results[0].result))")
            let gone = await connection.values([.delete(moved)])
            #expect(
              results[1].result.isSuccess || gone[0].result.isSuccess, "\(uid): not deleted")
          }
        }
      }
    }

    @Test func `a modify does all its parts or none`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let ada = try slapd.guest("ada")
          _ = await connection.values([.add(ada, person("ada"))])
          let results = await connection.values([
            .modify(
              ada,
              [
                .replace(LDAPAttribute("mail", ["new@example.org"])),
                .delete(LDAPAttribute("description", ["absent"])),
              ])
          ])
          #expect(results[0].result.code == .noSuchAttribute)
          #expect(
            try await slapd.values(of: "mail", at: ada.description) == ["ada@example.org"])
          let replaced = await connection.values([
            .modify(
              ada,
              [
                .replace(LDAPAttribute("mail", [])),
                .add(LDAPAttribute("description", ["a", "b"])),
              ])
          ])
          #expect(replaced[0].result.isSuccess)
          #expect(try await slapd.values(of: "mail", at: ada.description) == [])
          #expect(
            try await slapd.values(of: "description", at: ada.description) == ["a", "b"])
        }
      }
    }

    @Test func `a guarded write tells the entry before and after it, or leaves it alone`()
      async throws
    {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let ada = try slapd.guest("ada")
          _ = await connection.values([.add(ada, person("ada", mail: "old@example.org"))])
          let change = LDAPRequest.modify(
            ada, [.replace(LDAPAttribute("mail", ["new@example.org"]))]
          ).with([
            .assertion(.equals("mail", "old@example.org")), .preRead(["mail"]), .postRead(["mail"]),
          ])
          let results = await connection.values([change, change], window: 1)
          #expect(results[0].result.entryBefore?["mail"] == ["old@example.org"])
          #expect(results[0].result.entryAfter?["mail"] == ["new@example.org"])
          #expect(results[1].result.code == .assertionFailed)
          #expect(results[1].result.entryBefore == nil && results[1].result.entryAfter == nil)
          #expect(
            try await slapd.values(of: "mail", at: ada.description) == ["new@example.org"])
        }
      }
    }

    @Test func `a window of requests gives each its own answer`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          var requests: [LDAPRequest] = []
          for number in 0..<300 {
            let name = try slapd.guest("u\(number)")
            requests.append(
              number % 3 == 2 ? .delete(name) : .add(name, person("u\(number)")))
          }
          for (number, result) in await connection.values(requests).enumerated() {
            #expect(result.result.code == (number % 3 == 2 ? .noSuchObject : .success))
          }
        }
      }
    }

    @Test func `requests on one entry keep their order in any window`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let ada = try slapd.guest("ada")
          var requests: [LDAPRequest] = [.add(ada, person("ada"))]
          for number in 0..<50 {
            requests.append(.modify(ada, [.add(LDAPAttribute("description", ["\(number)"]))]))
            requests.append(.modify(ada, [.delete(LDAPAttribute("description", ["\(number)"]))]))
          }
          let results = await connection.values(requests, window: 64)
          #expect(results.allSatisfy { $0.result.isSuccess })
        }
      }
    }

    @Test func `a server that is gone leaves sent requests unanswered and the rest unsent`()
      async throws
    {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration(operationTimeout: .seconds(4))) {
          connection in
          try slapd.freeze()
          let requests = try (0..<40).map {
            LDAPRequest.add(try slapd.guest("u\($0)"), person("u\($0)"))
          }
          let results = await connection.values(requests)
          #expect(results[0].result.delivery == .unanswered)
          #expect(results[0].result.code == .timedOut)
          #expect(results[39].result.delivery == .unsent)
          #expect(await !connection.isOpen)
          let after = await connection.values([.delete(try slapd.guest("u0"))])
          #expect(after[0].result.delivery == .unsent)
        }
      }
    }

    @Test func `a connection that was cut is never used again until it is opened`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          await slapd.stop()
          try await slapd.start()
          let ada = try slapd.guest("ada")
          let cut = await connection.values([.add(ada, person("ada"))])
          #expect(cut[0].result.delivery == .unanswered)
          #expect(await !connection.isOpen)
          try await connection.open()
          let added = await connection.values([.add(ada, person("ada"))])
          #expect(added[0].result.isSuccess)
        }
      }
    }

    @Test func `a cancelled task does not wait for a server that hangs`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          try slapd.freeze()
          let ada = try slapd.guest("ada")
          let start = ContinuousClock.now
          let task = Task { await connection.values([.delete(ada)]) }
          try await Task.sleep(for: .milliseconds(100))
          task.cancel()
          #expect(await task.value[0].result.code == .cancelled)
          #expect(ContinuousClock.now - start < .seconds(30))
        }
      }
    }
  }
}
