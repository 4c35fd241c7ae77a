import ConnectorTesting
import LDAPClient
import Testing

extension DirectoryTests {
  @Suite struct Synchronising {
    private static let options: SlapdFixture.Options = {
      var options = SlapdFixture.Options()
      options.overlays = [.syncprov]
      options.indexes += ["entryCSN eq"]
      options.ldif = Searching.people(20)
      return options
    }()

    private func search(_ slapd: SlapdFixture) throws -> LDAPSearch {
      LDAPSearch(
        base: try slapd.name(slapd.accounts), scope: .subtree,
        filter: .equals("objectClass", "inetOrgPerson"), attributes: ["entryUUID"])
    }

    private func refresh(
      _ connection: LDAPConnection, _ slapd: SlapdFixture, cookie: [UInt8]? = nil
    ) async throws -> [ContentSync.Event] {
      var events: [ContentSync.Event] = []
      for try await event in try await connection.sync(
        search(slapd), mode: .refreshOnly, cookie: cookie)
      {
        events.append(event)
      }
      return events
    }

    @Test func `a first refresh sends everything, and a second one what changed`() async throws {
      try await withDirectory(Self.options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let first = try await refresh(connection, slapd)
          let entries = first.compactMap { event -> String? in
            guard case .entry(.add, let uuid, let record, _) = event else { return nil }
            #expect(record["entryUUID"] == [uuid.description])
            return record.name
          }
          #expect(Set(entries).count == 20)
          let cookie = try #require(first.last?.cookie)
          let none = try await refresh(connection, slapd, cookie: cookie)
          #expect(none.count == 1 && none[0].cookie == nil)

          try await slapd.modify(
            """
            dn: \(slapd.guest("u1"))
            changetype: modify
            replace: description
            description: changed

            dn: \(slapd.guest("u2"))
            changetype: delete
            """)
          let second = try await refresh(connection, slapd, cookie: cookie)
          let changed = second.compactMap { event -> String? in
            guard case .entry(_, _, let record, _) = event else { return nil }
            return record.name
          }
          #expect(changed == ["uid=u1,\(slapd.accounts)"])
          let deleted = second.contains { event in
            guard case .deleted(let entries, _) = event else { return false }
            return entries.count == 1
          }
          #expect(deleted)
          #expect(second.last?.cookie != nil)
        }
      }
    }

    @Test func `changes ring within a moment and a quiet server is asked for a sign`() async throws
    {
      try await withDirectory(Self.options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let cookie = try #require(
            try await connection.contextCSN(of: slapd.name(slapd.options.suffix))?.cookie)
          let sync = try await connection.sync(
            search(slapd), mode: .refreshAndPersist, cookie: cookie, patience: .milliseconds(50))
          var events = sync.makeAsyncIterator()
          let refreshed = try await events.next()
          guard case .deletesListed(_, isRefreshed: true) = refreshed else {
            Issue.record("\(String(describing: refreshed))")
            return
          }
          let asked = try await slapd.count(of: ["Search"])
          let change = Task {
            try await Task.sleep(for: .milliseconds(300))
            try await slapd.modify(
              "dn: \(slapd.guest("u3"))\nchangetype: modify\nreplace: sn\nsn: other\n")
          }
          let event = try await events.next()
          guard case .entry(.modify, _, let record, _) = event else {
            Issue.record("\(String(describing: event))")
            return
          }
          #expect(record.name == "uid=u3,\(slapd.accounts)")
          try await change.value
          #expect(try await slapd.count(of: ["Search"]) > asked + 3)
        }
      }
    }

    @Test func `a server that hangs or ends, and a cancelled task, end the sequence by a throw`()
      async throws
    {
      try await withDirectory(Self.options) { slapd in
        let configuration = try slapd.configuration(operationTimeout: .seconds(4))
        for isFrozen in [false, true] {
          try await withConnection(configuration) { connection in
            let sync = try await connection.sync(
              search(slapd), mode: .refreshAndPersist, patience: .milliseconds(50))
            var events = sync.makeAsyncIterator()
            while case .entry = try await events.next() {}
            if isFrozen { try slapd.freeze() } else { await slapd.stop() }
            let error = await #expect(throws: LDAPError.self) {
              while try await events.next() != nil {}
            }
            #expect(error?.code == (isFrozen ? .timedOut : .serverDown))
            #expect(await !connection.isOpen)
            #expect(try await events.next() == nil)
          }
          if !isFrozen { try await slapd.start() }
        }
      }
      try await withDirectory(Self.options) { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let sync = try await connection.sync(search(slapd), mode: .refreshAndPersist)
          let task = Task {
            do { for try await _ in sync {} } catch { return (error as? LDAPError)?.code }
            return nil
          }
          try await Task.sleep(for: .milliseconds(100))
          task.cancel()
          #expect(await task.value == .cancelled)
          #expect(await !connection.isOpen)
        }
      }
    }

    @Test func `a server without content synchronisation says so`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let error = await #expect(throws: LDAPError.self) {
            _ = try await refresh(connection, slapd)
          }
          #expect(error?.code == .unavailableCriticalExtension)
        }
      }
    }
  }
}
