import LDAPClient
import Testing

struct SchemaTests {
  private let schema = Schema(objectClasses: [
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.9 NAME 'groupOfNames' DESC 'MUST ( x )' SUP top STRUCTURAL MUST ( member $ cn ) )",
    "( 1.2.3 NAME ( 'team' 'crew' ) SUP groupOfNames MAY ( description ) )",
    "( 1.2.4 NAME 'loose' SUP top MUST cn MAY member )",
    "not a definition",
  ])

  @Test(arguments: [
    ("member", ["groupOfNames"], true), ("Member", ["GROUPOFNAMES"], true),
    ("member", ["crew"], true), ("member", ["1.2.3"], true), ("member", ["loose"], false),
    ("member", ["loose", "team"], true), ("x", ["groupOfNames"], false),
    ("member", ["unknown"], false), ("objectClass", ["team"], true),
  ])
  func `what a class demands is found in it and in those it derives from`(
    attribute: String, classes: [String], isRequired: Bool
  ) {
    #expect(schema.requires(attribute, of: classes) == isRequired)
  }

  private let typed = Schema(
    objectClasses: [
      "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
      "( 1.2.4 NAME 'loose' SUP top MUST cn MAY ( member $ employeeNumber ) )",
    ],
    attributeTypes: [
      "( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch "
        + "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
      "( 2.5.4.31 NAME 'member' DESC 'has ) and $ in it' SUP distinguishedName )",
      "( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch "
        + "SYNTAX 1.3.6.1.4.1.1466.115.121.1.34 )",
      "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch "
        + "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
      "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
      "( 2.16.840.1.113730.3.1.3 NAME 'employeeNumber' SUP name SINGLE-VALUE )",
      "( 1.3.6.1.1.16.4 NAME 'entryUUID' SYNTAX 1.3.6.1.1.16.1 NO-USER-MODIFICATION "
        + "USAGE directoryOperation )",
      "( 9.9.1 NAME 'circle' SUP ring )", "( 9.9.2 NAME 'ring' SUP circle )", "nonsense",
    ])

  @Test func `an attribute goes by any of its names, its number, and with options`() {
    for alias in ["cn", "CN", "commonName", "2.5.4.3"] {
      #expect(typed.name(of: alias) == "cn")
      #expect(typed.allows(alias, of: ["loose"]))
      #expect(typed.requires(alias, of: ["loose"]))
    }
    #expect(typed.name(of: "commonName;lang-de") == "cn;lang-de")
    #expect(typed.name(of: "userCertificate;binary") == "userCertificate;binary")
    #expect(typed.lacks(attribute: "userCertificate;binary"))
    #expect(!typed.lacks(attribute: "commonname;lang-de"))
    #expect(!schema.lacks(attribute: "anything"), "a schema without attributes hides them")
  }

  @Test func `syntax and rule come from the attribute or from where it derives`() {
    #expect(typed.holdsNames("member") == true)
    #expect(typed.holdsNames("2.5.4.50") == true)
    #expect(typed.holdsNames("cn") == false)
    #expect(typed.holdsNames("circle") == nil)
    #expect(typed.holdsNames("none") == nil)
    #expect(typed.equalityRule(of: "member") == "distinguishedNameMatch")
    #expect(typed.equalityRule(of: "commonName") == "caseIgnoreMatch")
    #expect(typed.attribute("employeeNumber")?.isSingleValued == true)
    #expect(typed.attribute("entryUUID")?.isReadOnly == true)
    #expect(typed.attribute("member")?.isReadOnly == false)
    #expect(!typed.allows("uniqueMember", of: ["loose"]))
    #expect(typed.allows("uniqueMember", of: ["loose", "extensibleObject"]))
  }
}
