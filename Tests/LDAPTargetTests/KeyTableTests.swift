import Testing

@testable import LDAPTarget

struct KeyTableTests {
  @Test func `keys keep the numbers they were given, however many come`() {
    var table = KeyTable()
    for number in 0..<5000 {
      #expect(table.insert(Array("key \(number)".utf8)) == (number, true))
    }
    for number in 0..<5000 {
      #expect(table.insert(Array("key \(number)".utf8)) == (number, false))
      #expect(table.number(of: Array("key \(number)".utf8)) == number)
    }
    #expect(table.number(of: Array("key".utf8)) == nil)
    #expect(table.count == 5000)
    #expect(table.text(17) == "key 17")
  }

  @Test func `the empty key is a key like any other`() {
    var table = KeyTable()
    #expect(table.number(of: [UInt8]()) == nil)
    #expect(table.insert([UInt8]()) == (0, true))
    #expect(table.number(of: [UInt8]()) == 0)
  }
}
