import Foundation
import Synchronization
import Testing

/// A directory of one group, for what no server that runs here does: it gives members in ranges, as
/// Active Directory does, and may change more than it was asked to. It takes any bind, has no accounts
/// and knows no filter.
final class OddDirectory: Sendable {
  let port: UInt16
  private let listener: Int32
  private let state: Mutex<State>
  private let endless: Endless?

  /// How its searches for accounts never end.
  enum Endless: CaseIterable {
    /// Each page is the first one, under the same cookie.
    case samePage
    case emptyPages
    /// Another account on each page, 20 ms apart.
    case newAccounts
  }

  private struct State {
    var members: [String]
    var version = 1
    var modifies = 0
    var pages = 0
    let range: Int
    let losesMembers: Bool
  }

  init(
    members: [String], range: Int = 1500, losesMembers: Bool = false, endless: Endless? = nil
  ) throws {
    self.endless = endless
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 8) == 0
          ? getsockname(listener, $0, &size) : -1
      }
    }
    try #require(code == 0)
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    state = Mutex(State(members: members, range: range, losesMembers: losesMembers))
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        serve(client)
        _ = Foundation.close(client)
      }
      _ = Foundation.close(listener)
    }
  }

  var members: [String] { state.withLock { $0.members } }
  var modifies: Int { state.withLock { $0.modifies } }
  var pages: Int { state.withLock { $0.pages } }

  /// The thread that accepts closes the socket: its number could be the next server's by then.
  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// One element at a time: BER as LDAP has it, ids below 128.
  private func serve(_ client: Int32) {
    while let message = receive(client) {
      var parts = Element.list(message)[...]
      guard let id = parts.popFirst(), let request = parts.popFirst() else { return }
      let answers: [[UInt8]]
      switch request.tag {
      case 0x60: answers = [Self.result(0x61, 0)]
      case 0x63: answers = search(request)
      case 0x66: answers = [Self.result(0x67, modify(request))]
      // Extended operations: it knows none.
      case 0x77: answers = [Self.result(0x78, 2)]
      default: return
      }
      let bytes = answers.flatMap { Element.bytes(0x30, Element.bytes(2, id.content) + $0) }
      guard send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
    }
  }

  private func search(_ request: Element) -> [[UInt8]] {
    let fields = Element.list(request.content)
    let done = Self.result(0x65, 0)
    if let endless, fields.count > 7, fields[0].content.elementsEqual("ou=a".utf8) {
      return page(of: endless)
    }
    guard fields.count > 7, String(decoding: fields[0].content, as: UTF8.self).hasPrefix("cn=big")
    else { return [done] }
    let wanted = Element.list(fields[7].content).map { String(decoding: $0.content, as: UTF8.self) }
    let (members, version, range) = state.withLock { ($0.members, $0.version, $0.range) }
    var attributes: [(String, [String])] = [("entryUUID", ["id"]), ("uSNChanged", ["\(version)"])]
    for name in wanted where name.hasPrefix("member") {
      let start = name.split(separator: "=").dropFirst().first
        .flatMap { Int($0.split(separator: "-")[0]) }
      if start == nil, members.count <= range {
        attributes.append(("member", members))
        continue
      }
      let first = start ?? 0
      let last = min(first + range, members.count) - 1
      if start == nil { attributes.append(("member", [])) }
      attributes.append(
        (
          "member;range=\(first)-\(last == members.count - 1 ? "*" : "\(last)")",
          first > last ? [] : Array(members[first...last])
        ))
    }
    let encoded = attributes.map { name, values in
      Element.bytes(
        0x30, Element.text(name) + Element.bytes(0x31, values.flatMap { Element.text($0) }))
    }
    return [
      Element.bytes(
        0x64, Element.text("cn=big,ou=g") + Element.bytes(0x30, encoded.flatMap { $0 })), done,
    ]
  }

  private func page(of kind: Endless) -> [[UInt8]] {
    let number = state.withLock { state in
      state.pages += 1
      return state.pages
    }
    var entries: [[UInt8]] = []
    if kind != .emptyPages {
      let uid = kind == .samePage ? "u" : "u\(number)"
      let id = Element.bytes(
        0x30, Element.text("entryUUID") + Element.bytes(0x31, Element.text(uid)))
      entries.append(Element.bytes(0x64, Element.text("uid=\(uid),ou=a") + Element.bytes(0x30, id)))
    }
    if kind == .newAccounts { usleep(20_000) }
    let cookie = kind == .samePage ? "0" : "\(number)"
    let value = Element.bytes(0x30, [2, 1, 0] + Element.text(cookie))
    let control = Element.text("1.2.840.113556.1.4.319") + Element.bytes(4, value)
    let end = Self.result(0x65, 0) + Element.bytes(0xa0, Element.bytes(0x30, control))
    return entries + [end]
  }

  private func modify(_ request: Element) -> UInt8 {
    let changes = Element.list(Element.list(request.content)[1].content)
    return state.withLock { state in
      state.modifies += 1
      var members = state.members
      for change in changes {
        let parts = Element.list(change.content)
        for value in Element.list(Element.list(parts[1].content)[1].content) {
          let text = String(decoding: value.content, as: UTF8.self)
          if parts[0].content == [0] {
            if members.contains(text) { return 68 }
            members.append(text)
          } else {
            guard let index = members.firstIndex(of: text) else { return 53 }
            members.remove(at: index)
          }
        }
      }
      if state.losesMembers { members.removeFirst() }
      state.members = members
      if !state.losesMembers { state.version += 1 }
      return 0
    }
  }

  private static func result(_ tag: UInt8, _ code: UInt8) -> [UInt8] {
    Element.bytes(tag, [0x0a, 1, code, 4, 0, 4, 0])
  }

  private func receive(_ client: Int32) -> [UInt8]? {
    var head = [UInt8](repeating: 0, count: 2)
    guard read(client, &head, 2) == 2 else { return nil }
    var length = Int(head[1])
    if head[1] & 0x80 != 0 {
      var digits = [UInt8](repeating: 0, count: Int(head[1] & 0x7f))
      guard read(client, &digits, digits.count) == digits.count else { return nil }
      length = digits.reduce(0) { $0 << 8 | Int($1) }
    }
    var body = [UInt8](repeating: 0, count: length)
    var got = 0
    while got < length {
      let count = body.withUnsafeMutableBytes {
        read(client, $0.baseAddress?.advanced(by: got), length - got)
      }
      if count <= 0 { return nil }
      got += count
    }
    return body
  }
}

/// One BER element.
private struct Element {
  let tag: UInt8
  let content: [UInt8]

  static func list(_ bytes: [UInt8]) -> [Element] {
    var elements: [Element] = []
    var position = 0
    while position + 1 < bytes.count {
      let tag = bytes[position]
      var length = Int(bytes[position + 1])
      position += 2
      if length & 0x80 != 0 {
        let count = length & 0x7f
        length = bytes[position..<position + count].reduce(0) { $0 << 8 | Int($1) }
        position += count
      }
      elements.append(Element(tag: tag, content: Array(bytes[position..<position + length])))
      position += length
    }
    return elements
  }

  static func bytes(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    content.count < 128
      ? [tag, UInt8(content.count)] + content
      : [tag, 0x83] + [16, 8, 0].map { UInt8(truncatingIfNeeded: content.count >> $0) } + content
  }

  static func text(_ text: String) -> [UInt8] { bytes(4, Array(text.utf8)) }
}
