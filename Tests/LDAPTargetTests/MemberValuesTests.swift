import Testing

@testable import LDAPTarget

struct MemberValuesTests {
  private let columns = [
    MemberColumn(attribute: "member", valueAttribute: nil),
    MemberColumn(attribute: "memberUid", valueAttribute: "uid"),
  ]

  @Test func `values are kept as they are spelled, and numbered by what they are compared by`() {
    var values = MemberValues(columns, rows: 3)
    values.set(Array("UID=Ada,dc=x".utf8), of: 0, in: 0)
    values.set(Array("uid=ada,dc=x".utf8), of: 1, in: 0)
    values.set(Array("Ada".utf8), of: 0, in: 1)
    #expect(values.number(of: 0, in: 0) == values.number(of: 1, in: 0))
    #expect(values.number(of: Array("uid=ada,dc=x".utf8), in: 0) == values.number(of: 0, in: 0))
    #expect(values.number(of: Array("uid=bob,dc=x".utf8), in: 0) == nil)
    #expect(values.value(of: 0, in: 0) == Array("UID=Ada,dc=x".utf8))
    #expect(values.value(of: 1, in: 0) == Array("uid=ada,dc=x".utf8))
    #expect(values.value(of: 0, in: 1) == Array("Ada".utf8))
    #expect(values.value(of: 1, in: 1) == nil)
    #expect(values.number(of: 2, in: 0) == nil)
    #expect(values.byteCount(of: 0, in: 0) == 12 && values.byteCount(of: 2, in: 0) == 0)
    for (row, spelling) in ["UID=Ada,dc=x", "uid=ada,dc=x"].enumerated() {
      Array(spelling.utf8).withUnsafeBytes {
        #expect(values.isSpelled(row, as: $0, in: 0))
        #expect(!values.isSpelled(1 - row, as: $0, in: 0))
        #expect(!values.isSpelled(2, as: $0, in: 0))
      }
    }
  }

  @Test func `an item is there as the group spells it until it goes`() {
    var presence = Presence(items: 3)
    presence.insert(0)
    presence.insert(1, spelling: [1, 2])
    #expect((0..<3).map { presence.contains($0) } == [true, true, false])
    #expect(presence.spelling(of: 0) == nil && presence.spelling(of: 1) == [1, 2])
    presence.remove(1)
    presence.insert(1)
    #expect(presence.contains(1) && presence.spelling(of: 1) == nil)
    presence.remove(0)
    #expect(!presence.contains(0))
  }

  @Test func `every item about a value is found, and no other`() {
    var items = ItemsByNumber(items: 5)
    for (item, number) in [7, 3, 7, 7].enumerated() { items.insert(item, number) }
    func all(_ number: Int) -> [Int] {
      var found: [Int] = []
      items.forEach(number) { found.append($0) }
      return found.sorted()
    }
    #expect(all(7) == [0, 2, 3] && all(3) == [1] && all(4) == [])
  }

  @Test func `members are packed as they are, and a buffer that was cut gives no half value`() {
    let first: [[UInt8]] = [Array("a".utf8), [], [0xff], Array(repeating: 7, count: 300)]
    let second: [[UInt8]] = [Array("b".utf8)]
    var packed = PackedMembers()
    first.withBuffers { packed.append($0, column: 0) }
    second.withBuffers { packed.append($0, column: 1) }
    [].withBuffers { packed.append($0, column: 1) }
    func unpacked(_ members: PackedMembers) -> (isWhole: Bool, lists: [[[UInt8]]]) {
      var lists: [[[UInt8]]] = [[], []]
      let isWhole = members.forEachColumn { column, values in
        lists[column] += values.map { Array($0) }
      }
      return (isWhole, lists)
    }
    #expect(packed.isWhole)
    #expect(unpacked(packed) == (true, [first, second]))
    let ends = [0, 5 + 3 + 2 + 3 + 302]
    for length in 0..<packed.bytes.count {
      let cut = unpacked(PackedMembers(bytes: packed.bytes.prefix(length)))
      #expect(!cut.isWhole || (ends + [ends[1] + 8]).contains(length), "\(length)")
      #expect(cut.lists[0] == (length < ends[1] ? [] : first))
    }
    var long = PackedMembers()
    [[UInt8](repeating: 0, count: 65_536)].withBuffers { long.append($0, column: 0) }
    #expect(!long.isWhole)
  }
}
