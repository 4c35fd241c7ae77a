/// From when until when a certificate holds (RFC 5280 §4.1.2.5), both as RFC 3339 writes them.
package struct CertificateValidity: Equatable, Sendable {
  package let notBefore: String
  package let notAfter: String

  /// `nil` if the bytes are no certificate.
  package init?(der: [UInt8]) {
    do throws(BERError) {
      var outer = BERReader(der)
      var certificate = try outer.sequence()
      var signed = try certificate.sequence()
      // version, serial number, signature algorithm, issuer
      if signed.nextTag == 0xa0 { try signed.skip() }
      for _ in 0..<3 { try signed.skip() }
      var validity = try signed.sequence()
      notBefore = try Self.time(&validity)
      notAfter = try Self.time(&validity)
    } catch {
      return nil
    }
  }

  /// UTCTime has two digits of the year, those from 50 on of the last century.
  private static func time(_ reader: inout BERReader) throws(BERError) -> String {
    let isShort = reader.nextTag == 0x17
    var digits = Array(try reader.octets(tag: isShort ? 0x17 : 0x18))
    guard digits.popLast() == UInt8(ascii: "Z"), digits.count == (isShort ? 12 : 14),
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { throw BERError() }
    if isShort { digits = Array((digits[0] < 0x35 ? "20" : "19").utf8) + digits }
    let text = String(decoding: digits, as: UTF8.self)
    func part(_ start: Int, _ count: Int) -> Substring { text.dropFirst(start).prefix(count) }
    return "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z"
  }
}
