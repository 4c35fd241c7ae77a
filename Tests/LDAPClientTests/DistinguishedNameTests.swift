import LDAPClient
import Testing

struct DistinguishedNameTests {
  @Test(arguments: [
    "uid=ada,ou=guests,dc=example,dc=org",
    "cn=Lovelace\\, Ada,ou=guests,dc=example,dc=org",
    "cn=\\#1 \\+ \\\"2\\\" \\<3\\> \\; \\\\,dc=example",
    "cn=\\ padded\\ ,dc=example",
    "cn=Zoë 村上,dc=example",
    "cn=tab\\09and\\00nul,dc=example",
    "cn=a+uid=b,dc=example",
    "1.3.6.1.4.1.1466.0=#04024869,dc=example",
    "cn=,dc=example",
    "o=a=b,dc=example",
    "",
  ])
  func `a name reads and prints as itself`(text: String) throws {
    #expect(try DistinguishedName(parsing: text).description == text)
  }

  @Test(arguments: [
    ("UID=Ada, OU=Guests ,DC=example", "uid=ada,ou=guests,dc=example"),
    ("cn=Ada   King", "cn=ada king"),
    ("cn=Lovelace\\2C Ada", "cn=lovelace\\, ada"),
    ("cn=Lovelace\\2c Ada", "cn=Lovelace\\, Ada"),
    ("uid=b+cn=a,dc=x", "cn=A + uid=B,dc=X"),
    ("commonName=x,2.5.4.11=y", "cn=x,ou=y"),
    ("cn=ÉVA ΣΊΓΜΑ", "cn=éva σίγμα"),
    ("cn=\\41da", "cn=ada"),
    ("o=a\\=b", "o=a=b"),
    ("cn=\\20x\\20", "cn=x"),
  ])
  func `two spellings of one name are equal`(left: String, right: String) throws {
    let (left, right) = (
      try DistinguishedName(parsing: left), try DistinguishedName(parsing: right)
    )
    #expect(left == right)
    #expect(left.hashValue == right.hashValue)
  }

  @Test(arguments: [
    ("cn=a,dc=x", "cn=a"), ("cn=a", "cn=b"), ("cn=a", "sn=a"), ("cn=a\\,dc=x", "cn=a,dc=x"),
    ("cn=a+uid=b", "cn=a,uid=b"), ("cn=ab", "cn=a b"),
  ])
  func `two names stay two`(left: String, right: String) throws {
    #expect(try DistinguishedName(parsing: left) != DistinguishedName(parsing: right))
  }

  @Test(arguments: [
    ("ada", 4), ("=ada", 1), ("uid=ada,", 9), ("uid=ada,,dc=x", 9), ("uid=a;dc=x", 6),
    ("uid=\"a\"", 5), ("uid=a\\", 6), ("uid=a\\zz", 6), ("uid=\\ff", 5), ("uid=#0", 5),
    ("uid=#zz", 5), ("u id=a", 3), ("ü=a", 1), ("1=a", 1), ("1..2=a", 1), ("uid=<a>", 5),
  ])
  func `what is no name is refused with its column`(text: String, column: Int) {
    #expect {
      _ = try DistinguishedName(parsing: text)
    } throws: { error in
      (error as? DNSyntaxError)?.column == column
    }
  }

  @Test func `a name built from any value reads back as that value`() throws {
    for value in [",", "+", "a=b", " a ", "#a", "\"\\\"", "a\nb\0", "ü,", ",ou=admins", "  "] {
      let name = DistinguishedName([]).child("dc", "org").child("uid", value)
      let parsed = try DistinguishedName(parsing: name.description)
      #expect(parsed.leafValue(of: "UID") == value)
      #expect(parsed == name)
      #expect(parsed.names.count == 2)
    }
  }

  @Test func `descendants are told from namesakes and from the entry itself`() throws {
    let base = try DistinguishedName(parsing: "ou=groups,dc=example")
    let below = try DistinguishedName(parsing: "cn=a,OU=Groups,DC=example")
    #expect(below.isDescendant(of: base))
    #expect(below.parent == base)
    #expect(!base.isDescendant(of: base))
    #expect(base.isSameOrDescendant(of: base))
    #expect(!base.isDescendant(of: below))
    #expect(!(try DistinguishedName(parsing: "cn=a\\,ou=groups,dc=example")).isDescendant(of: base))
    #expect(!(try DistinguishedName(parsing: "cn=a,ou=xgroups,dc=example")).isDescendant(of: base))
  }

  @Test(arguments: [
    "uid=ada,ou=guests,dc=example,dc=org", "UID=Ada,OU=Guests,DC=Example", "cn=Ada King,dc=x",
    "cn=Ada  King,dc=x", "cn=a\\2Cb,dc=x", "employeeNumber=7,dc=x", "cn=é,dc=x", "a=b ,c=d",
    "cn=a+uid=b,dc=x", "2.5.4.3=x", "cn= x", "cn=x ", "cn=,dc=x", "o=a=b", "cn=#0401",
  ])
  func `the fast way of folding bytes agrees with the parser`(text: String) throws {
    var folded: [UInt8] = [1]
    let isName = Array(text.utf8).withUnsafeBytes {
      DistinguishedName.appendNormalised($0, to: &folded)
    }
    #expect(isName)
    #expect(
      String(decoding: folded.dropFirst(), as: UTF8.self)
        == (try DistinguishedName(parsing: text)).normalised)
  }

  @Test(arguments: ["ada", "cn=a,", "cn", "", "cn=\"a\""].map { Array($0.utf8) } + [[0x63, 0xff]])
  func `bytes that are no name fold to nothing`(bytes: [UInt8]) {
    var folded: [UInt8] = [1]
    let isName = bytes.withUnsafeBytes { DistinguishedName.appendNormalised($0, to: &folded) }
    #expect(isName == bytes.isEmpty)
    #expect(folded == [1])
  }
}
