/// How far a naming context has come, as servers with `contextCSN` count it: the number of the latest
/// change of each server that takes writes (draft-chu-ldap-csn-00).
package struct ContextCSN: Equatable, Sendable {
  /// By the number of the server that took the change.
  private var latest: [String: String] = [:]

  /// Numbers as an entry shows them. `nil` if there is none, or one is not of the form
  /// `time#count#server#part`.
  package init?(_ numbers: [String]) {
    guard !numbers.isEmpty else { return nil }
    for number in numbers {
      let parts = number.split(separator: "#", omittingEmptySubsequences: false)
      guard parts.count == 4 else { return nil }
      let server = String(parts[2])
      latest[server] = max(latest[server] ?? "", number)
    }
  }

  /// What a cookie of such a server says: `rid=000,csn=NUMBER;NUMBER`. `nil` if it says nothing of it.
  package init?(cookie: [UInt8]) {
    let fields = String(decoding: cookie, as: UTF8.self).split(separator: ",")
    guard let field = fields.first(where: { $0.hasPrefix("csn=") }) else { return nil }
    self.init(field.dropFirst(4).split(separator: ";").map { String($0) })
  }

  /// A cookie that means *from here on*.
  package var cookie: [UInt8] {
    Array("rid=000,csn=\(latest.values.sorted().joined(separator: ";"))".utf8)
  }

  package mutating func advance(to other: ContextCSN) {
    latest.merge(other.latest) { max($0, $1) }
  }

  /// Whether everything that `other` knows of is known here. Numbers of different length, as servers of
  /// different age write them, say nothing of each other.
  package func includes(_ other: ContextCSN) -> Bool {
    other.latest.allSatisfy { server, number in
      guard let own = latest[server], own.utf8.count == number.utf8.count else { return false }
      return own >= number
    }
  }
}

extension LDAPConnection {
  /// `nil` for servers that do not count so, and where it is hidden.
  package func contextCSN(of context: DistinguishedName) throws(LDAPError) -> ContextCSN? {
    try record(context, attributes: ["contextCSN"]).flatMap { ContextCSN($0["contextCSN"]) }
  }
}
