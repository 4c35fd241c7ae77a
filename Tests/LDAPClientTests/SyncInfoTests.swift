import Testing

@testable import LDAPClient

struct SyncInfoTests {
  private let uuid: [UInt8] = Array(0x10..<0x20)

  @Test func `each kind of message is read with its defaults`() throws {
    let entry = try #require(EntryUUID(uuid))
    let cases: [([UInt8], ContentSync.Event)] = [
      ([0x80, 2, 0x61, 0x62], .cookie([0x61, 0x62])),
      ([0xa1, 0], .deletesListed(cookie: nil, isRefreshed: true)),
      ([0xa1, 6, 4, 1, 0x61, 1, 1, 0], .deletesListed(cookie: [0x61], isRefreshed: false)),
      ([0xa2, 3, 1, 1, 0xff], .presentListed(cookie: nil, isRefreshed: true)),
      ([0xa3, 20, 0x31, 18, 4, 16] + uuid, .present([entry], cookie: nil)),
      (
        [0xa3, 26, 4, 1, 0x61, 1, 1, 0xff, 0x31, 18, 4, 16] + uuid,
        .deleted([entry], cookie: [0x61])
      ),
    ]
    for (bytes, event) in cases {
      #expect(try SyncInfo.event(bytes) == event)
      for count in 0..<bytes.count {
        #expect(throws: BERError.self) { try SyncInfo.event(Array(bytes.prefix(count))) }
      }
    }
    #expect(entry.description == "10111213-1415-1617-1819-1a1b1c1d1e1f")
  }

  @Test func `the state, the result and the request keep their shape`() throws {
    let state = try SyncState([0x30, 24, 10, 1, 2, 4, 16] + uuid + [4, 1, 0x62])
    #expect(state.state == .modify && state.cookie == [0x62])
    #expect(throws: BERError.self) { try SyncState([0x30, 21, 10, 1, 9, 4, 16] + uuid) }
    let done = try SyncDone([0x30, 6, 4, 1, 0x63, 1, 1, 1])
    #expect(done.cookie == [0x63] && done.refreshDeletes)
    #expect(try !SyncDone([0x30, 0]).refreshDeletes)
    #expect(
      SyncRequest(mode: .refreshAndPersist, cookie: [0x64]).value
        == [0x30, 6, 10, 1, 3, 4, 1, 0x64])
  }

  @Test(
    arguments: [0, 1, 127, 128, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0xffff_ffff] as [UInt32])
  func `a number reads back as itself`(number: UInt32) throws {
    var writer = BERWriter()
    writer.number(number)
    var reader = BERReader(writer.bytes)
    #expect(try reader.number() == Int(number))
    #expect(reader.isAtEnd)
  }

  @Test(arguments: [0, 127, 128, 255, 256, 70_000])
  func `a string of any length reads back as itself`(length: Int) throws {
    let content = [UInt8](repeating: 0x78, count: length)
    var writer = BERWriter()
    writer.sequence { $0.octets(content) }
    var outer = BERReader(writer.bytes)
    var inner = try outer.sequence()
    #expect(try inner.octets().elementsEqual(content))
    #expect(outer.isAtEnd && inner.isAtEnd)
  }
}
