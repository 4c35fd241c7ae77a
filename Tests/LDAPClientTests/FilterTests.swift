import LDAPClient
import Testing

struct FilterTests {
  @Test(arguments: [
    (Filter.equals("uid", "ada"), "(uid=ada)"),
    (.equals("cn", "a*(b)\\c\0"), "(cn=a\\2a\\28b\\29\\5cc\\00)"),
    (.equals("cn", " a b "), "(cn=\\20a b\\20)"),
    (.equals("cn", "Zoë"), "(cn=Zoë)"),
    (.equals("cn", ")(uid=*"), "(cn=\\29\\28uid=\\2a)"),
    (
      .equals("objectGUID", "00112233-4455-6677-8899-aabbccddeeff"),
      "(objectGUID=\\33\\22\\11\\00\\55\\44\\77\\66\\88\\99\\aa\\bb\\cc\\dd\\ee\\ff)"
    ),
    (.equals("objectGUID", "(*)"), "(objectGUID=\\28\\2a\\29)"),
    (.present("objectClass"), "(objectClass=*)"),
    (.atLeast("n", "1"), "(n>=1)"), (.atMost("n", "2"), "(n<=2)"),
    (.substrings("cn", initial: "a", any: ["*"], final: "z"), "(cn=a*\\2a*z)"),
    (.substrings("cn", any: ["b"]), "(cn=*b*)"),
    (.and([.equals("a", "1"), .not(.or([.present("b")]))]), "(&(a=1)(!(|(b=*))))"),
  ])
  func `a filter prints with every value escaped`(filter: Filter, text: String) {
    #expect(filter.description == text)
  }
}
