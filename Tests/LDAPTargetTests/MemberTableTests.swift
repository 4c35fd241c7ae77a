import LDAPClient
import Testing

@testable import LDAPTarget

/// Whose a member value is, found by its bytes, against the comparison of normal forms.
struct MemberTableTests {
  private let names = MemberColumn(attribute: "member", valueAttribute: nil)

  private func key(_ name: String) -> String {
    String(decoding: names.key(name), as: UTF8.self)
  }

  private func table(_ spellings: [String]) -> MemberTable {
    MemberTable(
      names, rows: spellings.count, key: { key(spellings[$0]) }, spelling: { spellings[$0] })
  }

  /// What `forEachHolder` says of each value, strangers by their key.
  private func holders(
    _ table: MemberTable, _ values: [[UInt8]], besides placeholder: String? = nil
  ) -> [String] {
    var found: [String] = []
    values.withBuffers {
      table.forEachHolder(of: $0, besides: placeholder.map { names.key($0) }) {
        found.append("account \($0)")
      } other: { holder, key in
        found.append("\(holder) \(key)")
      }
    }
    return found
  }

  /// The same by normal forms alone.
  private func slowly(
    _ spellings: [String], _ values: [[UInt8]], besides placeholder: String? = nil
  ) -> [String] {
    let keys = spellings.map { names.key($0) }
    return values.compactMap { value in
      let key = names.key(value)
      if let placeholder, key == names.key(placeholder) { return nil }
      let owners = keys.indices.filter { keys[$0] == key }
      return switch owners.count {
      case 0: "\(MemberTable.Holder.stranger) \(key)"
      case 1: "account \(owners[0])"
      default: "\(MemberTable.Holder.several) \(key)"
      }
    }
  }

  @Test(arguments: 0..<40)
  func `any spelling of any name finds whom its normal form finds`(seed: UInt64) {
    var source = Spellings(seed: seed)
    let accounts = (0..<60).map { _ in source.name() }
    let spellings = accounts.map { source.spell($0) }
    let strangers = (0..<20).map { _ in source.name() }
    let values = (accounts + strangers + accounts).flatMap { name in
      [source.spell(name), key(source.spell(name))].map { Array($0.utf8) }
    }
    let garbage: [[UInt8]] = [[], [0xff, 0xfe], Array("no name".utf8), Array("=".utf8)]
    let table = table(spellings)
    for placeholder in [nil, source.spell(strangers[0]), source.spell(accounts[7])] {
      #expect(
        holders(table, values + garbage, besides: placeholder)
          == slowly(spellings, values + garbage, besides: placeholder))
    }
  }

  @Test func `spellings of one name by two accounts belong to neither`() {
    let spellings = ["uid=ada,dc=x", "UID=Ada,dc=x", "uid=bob,dc=x"]
    let values = ["uid=ada,dc=x", "UID=Ada,dc=x", "Uid=ADA, dc=x", "uid=bob,dc=x"]
    #expect(
      holders(table(spellings), values.map { Array($0.utf8) })
        == slowly(spellings, values.map { Array($0.utf8) }))
  }

  @Test func `composed and decomposed letters stay two names`() {
    let spellings = ["uid=Ren\u{e9},dc=x", "uid=rene\u{301},dc=x"]
    let values = spellings + spellings.map(key) + ["uid=REN\u{c9},dc=x", "uid=RENE\u{301},dc=x"]
    #expect(
      holders(table(spellings), values.map { Array($0.utf8) })
        == [0, 1, 0, 1, 0, 1].map { "account \($0)" })
  }

  @Test func `a column of values compares bytes, and several may share one`() {
    let column = MemberColumn(attribute: "memberUid", valueAttribute: "uid")
    let uids = ["ada", "bob", nil, "bob", "Ada"]
    let table = MemberTable(column, rows: uids.count, key: { uids[$0] }, spelling: { uids[$0] })
    #expect(table.holder(of: "ada".utf8) == .account(0))
    #expect(table.holder(of: "Ada".utf8) == .account(4))
    #expect(table.holder(of: "bob".utf8) == .several)
    #expect(table.holder(of: "eve".utf8) == .stranger)
  }
}

/// Names and spellings of them by a linear congruence, the same for each seed.
private struct Spellings {
  struct Part { let types: [String], value: [Unicode.Scalar] }

  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

  private mutating func number(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  private mutating func pick<Element>(_ list: [Element]) -> Element {
    list[number(below: list.count)]
  }

  /// Levels of parts. Few letters, so that names meet.
  mutating func name() -> [[Part]] {
    let types = [["uid", "UID", "userid"], ["cn", "commonName", "2.5.4.3"], ["serialNumber"]]
    let alphabet = Array(
      "aAbB1 ,+\"\\<>;=#\u{e9}\u{c9}e\u{301}\u{130}\u{df}\u{3a3}\u{1f511}".unicodeScalars)
    var parts = [Part(types: types[0], value: [])]
    parts = (0...number(below: 2)).map { position in
      Part(types: types[position], value: (0...number(below: 3)).map { _ in pick(alphabet) })
    }
    return [parts, [Part(types: ["ou", "OU"], value: Array("Guests".unicodeScalars))]]
  }

  mutating func spell(_ name: [[Part]]) -> String {
    name.map { level in
      var parts = level.map { part in "\(pick(part.types))\(pick(["=", " = "]))\(spell(part.value))"
      }
      if number(below: 2) == 0 { parts.reverse() }
      return parts.joined(separator: pick(["+", " + "]))
    }.joined(separator: pick([",", ", ", " ,"]))
  }

  private mutating func spell(_ value: [Unicode.Scalar]) -> String {
    var text = ""
    for scalar in value {
      let cases = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
        .filter {
          $0.unicodeScalars.count == 1 && $0.lowercased() == scalar.properties.lowercaseMapping
        }
      let spelled = pick(cases + [String(Character(scalar))])
      let isSpecial = " ,+\"\\<>;=#".unicodeScalars.contains(scalar)
      text +=
        isSpecial || number(below: 4) == 0
        ? spelled.utf8.map { "\\" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        : spelled
    }
    return text
  }
}

extension [[UInt8]] {
  /// Lends all of them as what values of an entry look like.
  func withBuffers<Result>(_ body: ([UnsafeRawBufferPointer]) -> Result) -> Result {
    let whole = flatMap(\.self)
    return whole.withUnsafeBytes { buffer in
      var start = 0
      return body(
        map { bytes in
          defer { start += bytes.count }
          return UnsafeRawBufferPointer(rebasing: buffer[start..<start + bytes.count])
        })
    }
  }
}
