import CLDAP
import Testing

@testable import LDAPClient

/// Names and filters with every character there is, read back by us and by libldap.
struct UnicodeTests {
  /// Every Unicode scalar once, in texts of 61.
  private static var everything: [String] {
    let scalars = (UInt32(0)...0x10ffff).compactMap(Unicode.Scalar.init)
    return stride(from: 0, to: scalars.count, by: 61).map { start in
      String(String.UnicodeScalarView(scalars[start..<min(start + 61, scalars.count)]))
    }
  }

  /// What has a meaning somewhere in a name or a filter, alone and at each end.
  private static var awkward: [String] {
    let scalars =
      (0..<0x100).compactMap(Unicode.Scalar.init) + ["\u{200b}", "\u{feff}", "\u{2028}"]
    return scalars.flatMap { scalar -> [String] in
      let text = String(Character(scalar))
      return [text, text + text, text + "x", "x" + text, "x" + text + "y", " " + text + " "]
    } + ["", "#", "##", "# ", " #", "\\,", "\\20", "a=b+c,d", "  ", "*()\\"]
  }

  /// The parts of a name as libldap reads them; `nil` if it refuses.
  private func read(_ text: String) -> [[[UInt8]]]? {
    var name: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<LDAPAVA>?>?>?
    guard ldap_str2dn(text, &name, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else {
      return nil
    }
    defer { ldap_dnfree(name) }
    var result: [[[UInt8]]] = []
    var level = name
    while let parts = level?.pointee {
      var values: [[UInt8]] = []
      var part = parts
      while let value = part.pointee?.pointee.la_value {
        values.append(
          Array(UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len))))
        part += 1
      }
      result.append(values)
      level = level.map { $0 + 1 }
    }
    return result
  }

  private func roundTrip(_ value: String) throws {
    let other = DistinguishedName.Part(type: "uid", value: "x,\(value)")
    let leaf = DistinguishedName.RelativeName(.init(type: "cn", value: value), other)
    let name = DistinguishedName([leaf] + [.init(.init(type: "dc", value: "org"))])
    let parsed = try DistinguishedName(parsing: name.description)
    #expect(parsed.leafValue(of: "cn").map { Array($0.utf8) } == Array(value.utf8))
    #expect(parsed == name)
    #expect(try DistinguishedName(parsing: name.normalised).normalised == name.normalised)
    let read = read(name.description)
    #expect(read?.count == 2)
    #expect(
      read?.first.map(Set.init) == Set([Array(value.utf8), Array("x,\(value)".utf8)]),
      "\(name.description.unicodeScalars.map(\.value))")
  }

  @Test func `a name with any character reads back as itself, and libldap reads the same`() throws {
    for value in Self.everything + Self.awkward { try roundTrip(value) }
  }

  @Test func `the fast way of folding bytes agrees with the parser on every character`() throws {
    for value in Self.everything + Self.awkward {
      let name = DistinguishedName([]).child("dc", "org").child("uid", value)
      var folded: [UInt8] = []
      let isName = Array(name.description.utf8).withUnsafeBytes {
        DistinguishedName.appendNormalised($0, to: &folded)
      }
      #expect(isName)
      #expect(folded == Array(try DistinguishedName(parsing: name.description).normalised.utf8))
    }
  }

  /// A table of names relies on it: bytes that are a normal form mean themselves and nothing else.
  @Test func `a normal form is its own, byte for byte, whatever it is made of`() throws {
    func normalised(_ bytes: [UInt8]) -> [UInt8]? {
      var folded: [UInt8] = []
      let isName = bytes.withUnsafeBytes { DistinguishedName.appendNormalised($0, to: &folded) }
      return isName ? folded : nil
    }
    for value in Self.everything + Self.awkward {
      let leaf = DistinguishedName.RelativeName(
        .init(type: "CommonName", value: value), .init(type: "2.5.4.5", value: "X" + value))
      let name = DistinguishedName([leaf, .init(.init(type: "DC", value: value))])
      let once = try #require(normalised(Array(name.description.utf8)))
      #expect(normalised(once) == once, "\(name.description.unicodeScalars.map(\.value))")
    }
  }

  @Test func `what we take for a name libldap takes for the same one`() throws {
    var state: UInt64 = 42
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let pieces = [
      "cn", "=", "a", ",", "+", "\\", "#", "2", "C", " ", "é", "\\2C", "\\,", "dc=x", "uid=",
    ]
    var taken = 0
    for _ in 0..<20_000 {
      let text = "cn=" + (0..<next(8)).map { _ in pieces[next(pieces.count)] }.joined()
      let parsed: DistinguishedName
      do { parsed = try DistinguishedName(parsing: text) } catch { continue }
      // libldap decodes the #-form; we keep it as it is written.
      if text.contains("=#") || text.contains("= #") { continue }
      taken += 1
      let ours = parsed.names.map { $0.parts.map { Array($0.value.utf8) } }
      #expect(read(parsed.description) == ours, "\(text)")
      if let theirs = read(text) { #expect(theirs == ours, "\(text)") }
    }
    #expect(taken > 500)
  }

  @Test func `a hexadecimal value is kept, and compared whatever its case`() throws {
    let name = try DistinguishedName(parsing: "1.3.6.1.4.1.1466.0=#04024Aff,dc=x")
    #expect(name.description == "1.3.6.1.4.1.1466.0=#04024Aff,dc=x")
    #expect(name == (try DistinguishedName(parsing: "1.3.6.1.4.1.1466.0=#04024aFF,dc=x")))
    #expect(name != (try DistinguishedName(parsing: "1.3.6.1.4.1.1466.0=\\#04024aff,dc=x")))
  }

  /// The BER of a filter's text as libldap makes it (a list of one).
  private func encoded(_ text: String) throws -> [UInt8] {
    let element = try #require(ber_alloc_t(Int32(LBER_USE_DER)))
    defer { ber_free(element, 1) }
    var copy = Array(text.utf8CString)
    try #require(ldap_put_vrFilter(element, &copy) >= 0)
    var value = berval()
    try #require(ber_flatten2(element, &value, 0) == 0)
    return Array(UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len)))
  }

  @Test func `a filter with any character means the same to libldap`() throws {
    for value in Self.everything + Self.awkward {
      let filters = [
        Filter.equals("cn", value), .atLeast("cn", value), .atMost("cn", value),
        .substrings("cn", initial: value, any: [value], final: value),
      ]
      for filter in filters where !value.isEmpty || filter == .equals("cn", value) {
        var list = BERReader(try encoded(filter.description))
        #expect(Array(try list.octets(tag: BERTag.sequence)) == filter.encoded, "\(filter)")
      }
    }
  }
}
