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

  @Test(arguments: [0, 1, 31, 32, 33, 5000])
  func `keys that are looked up together are found as each is alone`(count: Int) {
    var table = KeyTable()
    table.reserve(count / 2)
    for number in stride(from: 0, to: count, by: 3) {
      _ = table.insert(Array("key \(number)".utf8))
    }
    let packed = (0..<count).map { Array("key \($0)".utf8) }
    var members = PackedMembers()
    packed.withBuffers { members.append($0, column: 0) }
    var found: [Int?] = []
    _ = members.forEachColumn { _, values in
      table.withLookup { lookup in
        lookup.forEachNumber(of: values) {
          found.append($0); _ = $1
        }
      }
    }
    #expect(found == packed.map { table.number(of: $0) })
  }

  @Test func `the empty key is a key like any other`() {
    var table = KeyTable()
    #expect(table.number(of: [UInt8]()) == nil)
    #expect(table.insert([UInt8]()) == (0, true))
    #expect(table.number(of: [UInt8]()) == 0)
  }
}
