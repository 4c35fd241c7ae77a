import LDAPClient
import Testing

struct ValueFormTests {
  @Test func `a GUID is written as Microsoft's tools write it, and read back`() {
    let form = ValueForm(of: "objectguid")
    let bytes: [UInt8] = [
      0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
      0xff,
    ]
    #expect(form.text(bytes) == "12345678-9abc-def0-0102-0304050607ff")
    #expect(form.bytes("12345678-9ABC-DEF0-0102-0304050607FF") == bytes)
  }

  @Test func `ids that differ in bytes that are no text differ as text`() {
    let form = ValueForm(of: "objectGUID")
    let ids = (0..<16).map { index in (0..<16).map { UInt8($0 == index ? 0xfe : 0xff) } }
    #expect(Set(ids.map(form.text)).count == 16)
    #expect(ids.map { form.bytes(form.text($0)) } == ids)
  }

  @Test(arguments: [
    "", "x", "12345678-9abc-def0-0102-0304050607f", "+2345678-9abc-def0-0102-0304050607ff",
  ])
  func `what is no GUID is taken as it is`(text: String) {
    #expect(ValueForm(of: "objectGUID").bytes(text) == Array(text.utf8))
    #expect(ValueForm(of: "entryUUID").bytes(text) == Array(text.utf8))
  }
}
