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
}
