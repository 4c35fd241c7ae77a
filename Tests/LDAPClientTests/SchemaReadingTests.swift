import ConnectorTesting
import LDAPClient
import Testing

extension DirectoryTests {
  @Suite struct SchemaReading {
    @Test func `of a schema as much is read as is asked for, and it says the same`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          func bytes() async throws -> Int {
            try await slapd.values(
              of: "monitorCounter", at: "cn=Bytes,cn=Statistics,cn=Monitor"
            ).compactMap { Int($0) }.reduce(0, +)
          }
          let start = try await bytes()
          let whole = try #require(try await connection.schema())
          let middle = try await bytes()
          let part = try #require(
            try await connection.schema(
              objectClasses: ["INETORGPERSON", "groupOfNames", "noClass"],
              attributes: ["commonName;lang-de", "2.5.4.31", "memberUid", "noAttribute"]))
          let end = try await bytes()
          let (all, some) = (middle - start, end - middle)
          #expect(all > 50_000 && some < 10_000, "\(all) \(some)")
          for schema in [whole, part] {
            #expect(
              schema.required(by: ["inetOrgPerson"]) == ["cn", "objectclass", "sn"])
            #expect(schema.requires("2.5.4.31", of: ["groupOfNames"]))
            #expect(schema.name(of: "commonName;lang-de") == "cn;lang-de")
            #expect(schema.holdsNames("2.5.4.31") == true)
            #expect(schema.holdsNames("memberUid") == false)
            #expect(schema.equalityRule(of: "commonName") == "caseIgnoreMatch")
            #expect(schema.equalityRule(of: "memberUid") == "caseExactIA5Match")
            #expect(schema.lacks(objectClass: "noClass") && schema.lacks(attribute: "noAttribute"))
            #expect(!schema.lacks(objectClass: "person"))
          }
          // Not asked for is not lacking.
          #expect(!part.lacks(attribute: "noSuchThing") && whole.lacks(attribute: "noSuchThing"))
        }
      }
    }

    @Test func `of an entry only the values that match are sent`() async throws {
      try await withDirectory { slapd in
        try await withConnection(try slapd.configuration()) { connection in
          let ada = try slapd.guest("ada")
          let name = LDAPAttribute("description", ["a*b", "ab", "(c)", "ä", "x"])
          let person = [
            LDAPAttribute("objectClass", ["inetOrgPerson"]), LDAPAttribute("cn", ["ada"]),
            LDAPAttribute("sn", ["ada"]), name,
          ]
          #expect(await connection.values([.add(ada, person)])[0].result.isSuccess)
          let record = try await connection.record(
            ada, attributes: ["cn", "description"],
            [
              .matchedValues([
                .equals("description", "a*b"), .equals("description", "Ä"),
                .substrings("description", initial: "(c"), .equals("description", "none"),
              ])
            ])
          #expect(record?["description"].sorted() == ["(c)", "a*b", "ä"])
          #expect(record?["cn"] == [])
        }
      }
    }
  }
}
