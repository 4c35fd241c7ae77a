import Testing

@testable import LDAPTarget

struct MemberTextTests {
  @Test(arguments: [
    Array("uid=ada,ou=guests".utf8), [0xc3, 0x28], [0xff], Array("#41".utf8), Array("#".utf8), [],
  ])
  func `bytes come back as they were`(_ bytes: [UInt8]) {
    #expect(MemberText.bytes(MemberText.text(bytes)) == bytes)
  }

  @Test func `what is text stays readable`() {
    #expect(MemberText.text(Array("uid=ada".utf8)) == "uid=ada")
    #expect(MemberText.text([0xff]) == "#ff")
  }

  @Test(
    arguments: [
      ("member;range=0-1499", 0, 1499), ("member;range=1500-*", 1500, nil),
    ] as [(String, Int, Int?)])
  func `ranges are read`(_ text: String, start: Int, end: Int?) {
    let range = MemberRange(text)
    #expect(range?.attribute == "member" && range?.start == start && range?.end == end)
  }

  @Test(arguments: [
    "member", "member;range=", "member;range=5-2", "member;range=-1-2", "a;range=x-*",
  ])
  func `what is no range is none`(_ text: String) {
    #expect(MemberRange(text) == nil)
  }
}
