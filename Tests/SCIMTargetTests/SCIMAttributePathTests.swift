import JSON
import SCIMClient
import Testing

@testable import SCIMTarget

@Suite struct SCIMAttributePathTests {
  private static let department =
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
  private static let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

  @Test(arguments: [
    ("userName", ["ada"], #"{"schemas":[],"userName":"ada"}"#),
    ("active", ["false"], #"{"active":false,"schemas":[]}"#),
    ("name.givenName", ["Ada"], #"{"name":{"givenName":"Ada"},"schemas":[]}"#),
    (
      "emails.work", ["a@b.org"],
      #"{"emails":[{"primary":true,"type":"work","value":"a@b.org"}],"schemas":[]}"#
    ),
    (
      #"phoneNumbers[type eq "work"].value"#, ["1"],
      #"{"phoneNumbers":[{"type":"work","value":"1"}],"schemas":[]}"#
    ),
    (
      "addresses.work.country", ["PT"],
      #"{"addresses":[{"country":"PT","type":"work"}],"schemas":[]}"#
    ),
    ("roles", ["a", "b"], #"{"roles":[{"value":"a"},{"value":"b"}],"schemas":[]}"#),
    (
      department, ["R&D"],
      #"{"schemas":["\#(enterprise)"],"\#(enterprise)":{"department":"R&D"}}"#
    ),
    ("urn:ietf:params:scim:schemas:core:2.0:User:title", ["x"], #"{"schemas":[],"title":"x"}"#),
  ])
  func `a path is written where the standard has it, and read back`(
    text: String, values: [String], expected: String
  ) throws {
    let path = try SCIMAttributePath(parsing: text)
    var user: JSONValue = ["schemas": []]
    path.write(values, into: &user)
    #expect(String(decoding: user.encoded, as: UTF8.self) == expected)
    #expect(path.values(in: user) == values)
    path.write([], into: &user)
    #expect(path.values(in: user).isEmpty)
  }

  @Test(
    arguments: [
      ("title", ["a"], ["b"], PatchOperation.replace("title", "b")),
      ("title", ["a"], [], .remove("title")),
      ("active", ["true"], ["false"], .replace("active", false)),
      ("name.givenName", [], ["Ada"], .replace("name.givenName", "Ada")),
      ("emails.work", ["a"], ["b"], .replace(#"emails[type eq "work"].value"#, "b")),
      ("emails.work", [], ["b"], .add("emails", [["type": "work", "value": "b"]])),
      ("emails.work", ["a"], [], .remove(#"emails[type eq "work"]"#)),
      (
        "addresses.work.country", ["PT"], [], .remove(#"addresses[type eq "work"].country"#)
      ),
      (department, ["a"], ["b"], .replace(department, "b")),
      ("roles", ["a"], ["b"], .replace("roles", [["value": "b"]])),
    ] as [(String, [String], [String], PatchOperation)])
  func `a change is one operation with a path`(
    text: String, before: [String], after: [String], expected: PatchOperation
  ) throws {
    #expect(try SCIMAttributePath(parsing: text).operation(from: before, to: after) == expected)
  }

  @Test func `other elements and parts stay as they are`() throws {
    let text = #"""
      {"emails":[{"type":"home","value":"h"},{"type":"work","value":"w1"},
      {"type":"WORK","value":"w2","primary":true}],"name":{"familyName":"L"}}
      """#
    var user = try JSONValue(parsing: Array(text.utf8))
    let email = try SCIMAttributePath(parsing: "emails.work")
    #expect(email.values(in: user) == ["w2"])
    email.write(["new"], into: &user)
    try SCIMAttributePath(parsing: "name.givenName").write(["A"], into: &user)
    #expect(email.values(in: user) == ["new"])
    #expect(user["emails"]?.elements?.map { $0["value"]?.text } == ["h", "w1", "new"])
    #expect(user["name"] == ["familyName": "L", "givenName": "A"])
  }

  @Test(arguments: [
    "", ".", "name.", "name", "name.given", "username", "UserName", "userNames", "title.x", "a b",
    "emails.work.value.x", "emails.work.colour", "emails[type eq \"work\"",
    "emails[value eq \"x\"]",
    "emails[type eq \"a\\\"]\"].value", "addresses.work", "urn:", "urn:x:", "urn:a:b:c.d.e",
    "id", "externalId", "externalid", "meta", "groups", "password", "schemas", "displayName ",
    "title\n", "-x", "custom",
  ])
  func `what cannot be mapped is an error`(text: String) {
    #expect(throws: SCIMAttributePath.SyntaxError.self) { try SCIMAttributePath(parsing: text) }
  }

  @Test func `a wrong case is told apart from an unknown name`() {
    let error = #expect(throws: SCIMAttributePath.SyntaxError.self) {
      try SCIMAttributePath(parsing: "username")
    }
    #expect(error?.description == "'username' cannot be mapped: it is spelled userName")
  }
}
