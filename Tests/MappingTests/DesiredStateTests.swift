import AccessModel
import Testing

@testable import Mapping

private let traits = TargetTraits(naturalKeyAttribute: "uid")

private let simple = """
  version: 1
  packages:
    - accessPackage: Engineering
      entitlements:
        - { target: corp, group: "cn=eng,dc=x" }
        - { target: corp, group: "cn=all,dc=x" }
    - accessPackage: Sales
      entitlements:
        - { target: corp, group: "cn=all,dc=x" }
    - accessPackage: Badge
      entitlements:
        - { target: corp, account: true }
  accounts:
    - target: corp
      attributes:
        uid: 'ToLower(Replace([email], "@", , , ".", , ))'
        mail: '[email]'
        employeeType: { constant: true }
  """

private let engineering = AccessPackage(name: "Engineering")
private let sales = AccessPackage(name: "Sales")
private let badge = AccessPackage(name: "Badge")
private let ada = person("ada", ["email": ["Ada@X.example"], "displayName": ["Ada"]])
private let bob = person("bob", ["email": ["bob@x.example"]])

@Suite struct DesiredStateTests {
  @Test func `a membership carries every assignment that asks for it`() throws {
    let state = try mappings(simple).desiredState(
      of: "corp", traits: traits,
      from: [
        live(
          "b", subjects: [bob, ada], packages: [sales, engineering],
          [("2", 1, 0), ("1", 0, 0), ("3", 1, 1)]),
        live("a", subjects: [ada], packages: [badge, sales], [("9", 0, 0), ("8", 0, 1)]),
      ])
    #expect(state.holds.isEmpty)
    #expect(state.groups.map(\.key) == ["cn=all,dc=x", "cn=eng,dc=x"])
    #expect(
      state.lines == [
        "cn=all,dc=x ← ada: a/8 b/2 b/3", "cn=all,dc=x ← bob: b/1", "cn=eng,dc=x ← ada: b/3",
      ])
    #expect(state.accounts.map(\.subject) == ["ada", "bob"])
    #expect(state.accounts[0].displayName == "Ada")
    #expect(state.accounts[0].because.map(\.description) == ["a/8", "a/9", "b/2", "b/3"])
    #expect(
      state.accounts[0].attributes.dictionary == [
        "uid": ["ada.x.example"], "mail": ["Ada@X.example"], "employeeType": ["true"],
      ])
    #expect(state.accountRule?.attributes == ["employeeType", "mail", "uid"])
  }

  @Test func `the order of sources and records does not matter`() throws {
    let set = try mappings(simple)
    let people = (0..<40).map { person("p\($0)", ["email": ["P\($0 % 35)@x"]]) }
    let rows = (0..<120).map { (id: "a\($0)", subject: Int32($0 % 40), package: Int32($0 % 3)) }
    let packages = [engineering, sales, badge]
    let other = live("z", subjects: [ada, bob], packages: packages, [("1", 0, 0), ("2", 1, 2)])
    let state = set.desiredState(
      of: "corp", traits: traits,
      from: [live("s", subjects: people, packages: packages, rows), other])
    let shuffled = set.desiredState(
      of: "corp", traits: traits,
      from: [
        other,
        live(
          "s", subjects: people.reversed(), packages: packages.reversed(),
          rows.shuffled().map { ($0.id, 39 - $0.subject, 2 - $0.package) }),
      ])
    #expect(state.lines == shuffled.lines)
    #expect(state.accounts == shuffled.accounts)
    #expect(state.holds == shuffled.holds)
    #expect(state.holds.count == 10)
  }

  @Test func `an assignment that no rule maps gives nothing`() throws {
    let unknown = AccessPackage(name: "Unknown")
    let source = live("s", subjects: [ada], packages: [unknown], [("1", 0, 0)])
    let set = try mappings(simple)
    let state = set.desiredState(of: "corp", traits: traits, from: [source])
    #expect(state.accounts.isEmpty && state.memberships.count == 0 && state.holds.isEmpty)
    #expect(set.unmappedPackages(in: [source.reading]) == [unknown])
    #expect(set.rules(for: unknown).isEmpty)
    #expect(set.rules(for: engineering).map(\.location.line) == [3])
  }

  @Test func `a condition decides who is mapped, and one that fails holds`() throws {
    let set = try mappings(
      """
      version: 1
      packages:
        - accessPackage: Engineering
          when: 'Left([company], [n]) = "Fab"'
          entitlements: [{ target: corp, group: "cn=eng,dc=x" }]
      """)
    let people = [
      person("in", ["company": ["Fabrikam"], "n": ["3"]]),
      person("out", ["company": ["Contoso"], "n": ["3"]]),
      person("null", ["n": ["3"]]), person("broken", ["company": ["Fabrikam"], "n": ["x"]]),
    ]
    let state = set.desiredState(
      of: "corp", traits: traits,
      from: [
        live(
          "s", subjects: people, packages: [engineering],
          [("1", 0, 0), ("2", 1, 0), ("3", 2, 0), ("4", 3, 0)])
      ])
    #expect(state.lines == ["cn=eng,dc=x ← in: s/1"])
    #expect(state.accounts.map(\.subject) == ["in"])
    #expect(state.accounts[0].attributes == .none)
    #expect(
      state.holds == ["broken": "'when' at m.yaml:4:11: Left: argument 2 is no whole number"])
  }

  @Test(arguments: [
    ([:], "'uid' at m.yaml:16:12 has no value, and an account must have one"),
    (["email": ["\u{202E}x"]], "'uid' at m.yaml:16:12 contains U+202E, which nobody can see"),
    (["email": ["a\u{200B}b"]], "'uid' at m.yaml:16:12 contains U+200B, which nobody can see"),
    (["email": ["a\u{1}b"]], "'uid' at m.yaml:16:12 contains U+0001, which nobody can see"),
    (["email": ["a", "b"]], "'uid' at m.yaml:16:12: Replace: argument 1 has 2 values"),
  ])
  func `whoever cannot be given an account is held`(
    attributes: [String: [String]], reason: String
  ) throws {
    let state = try mappings(simple).desiredState(
      of: "corp", traits: traits,
      from: [
        live(
          "s", subjects: [person("x", attributes), bob], packages: [engineering],
          [("1", 0, 0), ("2", 1, 0)])
      ])
    #expect(state.holds.keys.sorted() == ["x"])
    #expect(state.holds["x"]?.hasPrefix(reason) == true, "\(state.holds)")
    #expect(state.accounts.map(\.subject) == ["bob"])
    #expect(state.lines == ["cn=all,dc=x ← bob: s/2", "cn=eng,dc=x ← bob: s/2"])
  }

  @Test(arguments: [
    ("mike", "MIKE"), ("mike", "m\u{131}ke"), ("strasse", "stra\u{df}e"), ("k", "\u{212A}"),
    ("caf\u{e9}", "cafe\u{301}"), ("a b", " a  b "), ("fi", "\u{FB01}"), ("1", "\u{FF11}"),
    ("bob", "\u{412}\u{41e}\u{412}"),
  ])
  func `G4: two subjects whose identifiers could be taken for each other are both held`(
    left: String, right: String
  ) throws {
    let set = try mappings(simple)
    let people = [
      person("one", ["email": [left]]), person("two", ["email": [right]]), bob,
    ]
    let rows: [(String, Int32, Int32)] = [("1", 0, 0), ("2", 1, 0), ("3", 2, 0)]
    let byKey = set.desiredState(
      of: "corp", traits: traits,
      from: [live("s", subjects: people, packages: [engineering], rows)])
    #expect(
      byKey.holds == [
        "one": "its 'uid' cannot be told apart from that of subject two",
        "two": "its 'uid' cannot be told apart from that of subject one",
      ])
    #expect(byKey.accounts.map(\.subject) == ["bob"])

    let ids = [
      person(left, ["email": ["1"]]), person(right, ["email": ["2"]]), bob,
    ]
    let byID = set.desiredState(
      of: "corp", traits: traits,
      from: [live("s", subjects: ids, packages: [engineering], rows)])
    #expect(Set(byID.holds.keys) == [SubjectID(left), SubjectID(right)])
  }

  @Test func `G4: an identifier that mixes letters of scripts that look alike is held`() throws {
    let state = try mappings(simple).desiredState(
      of: "corp", traits: traits,
      from: [
        live(
          "s",
          subjects: [
            person("\u{430}da", ["email": ["a@x"]]), person("eve", ["email": ["\u{435}ve@x"]]),
          ], packages: [engineering], [("1", 0, 0), ("2", 1, 0)])
      ])
    #expect(
      state.holds["\u{430}da"] == "its id mixes letters of Cyrillic and Latin, which look alike")
    #expect(state.holds["eve"]?.contains("mixes letters of Cyrillic and Latin") == true)
    #expect(state.accounts.isEmpty)
  }

  @Test func `a subject id with a character nobody can see is held`() throws {
    let state = try mappings(simple).desiredState(
      of: "corp", traits: traits,
      from: [
        live(
          "s", subjects: [person("ad\u{200D}a", ["email": ["a@x"]])], packages: [badge],
          [("1", 0, 0)])
      ])
    #expect(
      state.holds == ["ad\u{200D}a": "its id contains U+200D, which nobody can see"])
  }

  @Test func `sources that describe a subject differently hold it`() throws {
    let set = try mappings(simple)
    func state(_ email: String) -> DesiredState {
      let elsewhere = person("ada", ["email": [email], "unused": ["x"]])
      return set.desiredState(
        of: "corp", traits: traits,
        from: [
          live("a", subjects: [ada], packages: [engineering], [("1", 0, 0)]),
          live("b", subjects: [elsewhere], packages: [sales], [("1", 0, 0)]),
        ])
    }
    #expect(state("Ada@X.example").holds.isEmpty)
    #expect(state("Ada@X.example").accounts.count == 1)
    #expect(state("ada@x.example").holds == ["ada": "a and b give it different values of 'mail'"])
    #expect(state("ada@x.example").accounts.isEmpty)
  }

  @Test func `a name in several catalogs is not guessed`() throws {
    let packages = [
      AccessPackage(name: "Engineering", catalog: "Partners"),
      AccessPackage(name: "Engineering", catalog: "Staff"),
    ]
    let source = live("s", subjects: [ada, bob], packages: packages, [("1", 0, 0), ("2", 1, 1)])
    let state = try mappings(simple).desiredState(of: "corp", traits: traits, from: [source])
    #expect(state.accounts.isEmpty)
    #expect(
      state.holds["ada"]
        == "access package 'Engineering' is in the catalogs 'Partners' and 'Staff', and no 'catalog' is given at m.yaml:3:5"
    )
    let named = simple.replacing(
      "accessPackage: Engineering", with: "accessPackage: Engineering\n    catalog: Partners")
    let told = try mappings(named).desiredState(of: "corp", traits: traits, from: [source])
    #expect(told.accounts.map(\.subject) == ["ada"])
    #expect(told.holds.isEmpty)
  }

  @Test func `values are neither empty nor repeated`() throws {
    let set = try mappings(
      """
      version: 1
      packages: [{ accessPackage: { id: p1 }, entitlements: [{ target: corp, account: true }] }]
      accounts:
        - target: corp
          attributes:
            uid: '[email]'
            description: '[notes]'
            title: 'Trim([blank])'
            seeAlso: { constant: [x, y] }
            active: 'IsPresent([email])'
      """)
    let subject = person("a", ["email": ["e"], "notes": ["n", "", "m", "n"], "blank": ["  "]])
    let package = AccessPackage(id: "p1", name: "Anything")
    let state = set.desiredState(
      of: "corp", traits: traits,
      from: [live("s", subjects: [subject], packages: [package], [("1", 0, 0)])])
    #expect(
      state.accounts[0].attributes.dictionary == [
        "uid": ["e"], "description": ["n", "m"], "seeAlso": ["x", "y"], "active": ["true"],
      ])
  }

  @Test func `only what concerns the target is looked at`() throws {
    let set = try mappings(
      """
      version: 1
      packages:
        - accessPackage: Engineering
          when: 'Not([email])'
          entitlements: [{ target: wiki, group: G }]
        - accessPackage: Engineering
          entitlements: [{ target: corp, group: "cn=eng,dc=x" }]
      """)
    let source = live("s", subjects: [ada], packages: [engineering], [("1", 0, 0)])
    #expect(set.targets == ["corp", "wiki"])
    let corp = set.desiredState(of: "corp", traits: traits, from: [source])
    #expect(corp.holds.isEmpty && corp.memberships.count == 1)
    let wiki = set.desiredState(of: "wiki", traits: traits, from: [source])
    #expect(wiki.holds.count == 1 && wiki.accounts.isEmpty)
  }

  @Test func `whoever is held keeps nothing by another package`() throws {
    let set = try mappings(
      """
      version: 1
      packages:
        - accessPackage: Engineering
          when: 'Not([email])'
          entitlements: [{ target: corp, group: "cn=eng,dc=x" }]
        - accessPackage: Sales
          entitlements: [{ target: corp, group: "cn=sales,dc=x" }]
      """)
    let source = live(
      "s", subjects: [ada], packages: [sales, engineering], [("1", 0, 0), ("2", 0, 1)])
    let state = set.desiredState(of: "corp", traits: traits, from: [source])
    #expect(state.lines == [] && state.accounts == [])
    #expect(state.holds.keys.sorted() == ["ada"])
  }

  @Test func `an attribute that no subject has is warned of`() throws {
    let set = try mappings(simple.replacing("mail: '[email]'", with: "mail: '[emial]'"))
    let source = live("s", subjects: [ada, bob], packages: [engineering], [("1", 0, 0)])
    #expect(
      set.unknownAttributes(in: [source.reading]).map(\.description) == [
        "m.yaml:17:13: warning: no subject has an attribute 'emial'; did you mean 'email'?"
      ])
    #expect(set.unknownAttributes(in: []).isEmpty)
  }
}
