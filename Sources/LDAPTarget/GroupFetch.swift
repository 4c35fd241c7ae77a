import LDAPClient

/// One group as it was read, besides its members.
struct GroupHead {
  var result = LDAPSearchResult(
    result: LDAPResult(code: .serverDown, delivery: .unsent), entries: 0, references: 0)
  var immutableID: String?
  var classes: [String] = []
  var version: GroupVersion?
  /// The names of its other attributes, where all are asked for.
  var others: [String] = []
  /// Why its members are not all there, although the search succeeded.
  var fault: String?
  /// Where the next range of a column starts that the server gives in ranges.
  fileprivate var next: [Int: Int] = [:]

  /// Whether every member was given.
  var isWhole: Bool { result.isComplete && result.entries == 1 && fault == nil }
}

/// Reads groups whole, each by its name, with the members that a server gives in ranges put together.
/// Members are handed on as they come and kept nowhere.
struct GroupFetch {
  let layout: Layout

  /// So many groups are asked for at once, so that a server on another core need not wait for us.
  private static let window = 64

  func read(
    _ names: [DistinguishedName], on connection: isolated LDAPConnection,
    members: (_ group: Int, _ column: Int, _ values: LDAPEntry.Values) -> Void
  ) -> [GroupHead] {
    var heads = names.map { _ in GroupHead() }
    let attributes =
      (layout.recreatesGroups ? ["*"] : layout.columns.map(\.attribute) + ["objectClass"])
      + [layout.immutableID] + GroupVersion.attributes
    let results = connection.perform(
      names.map { .search(LDAPSearch(base: $0, scope: .base, attributes: attributes)) },
      window: Self.window
    ) { group, entry in
      heads[group].take(entry, layout) { members(group, $0, $1) }
    }
    for (group, result) in results.enumerated() { heads[group].result = result }
    while readRanges(of: names, &heads, on: connection, members) {}
    return heads
  }

  /// The next range of every group that has one; `false` once there is none.
  private func readRanges(
    of names: [DistinguishedName], _ heads: inout [GroupHead],
    on connection: isolated LDAPConnection,
    _ members: (_ group: Int, _ column: Int, _ values: LDAPEntry.Values) -> Void
  ) -> Bool {
    let open = heads.indices.filter { heads[$0].isWhole && !heads[$0].next.isEmpty }
    guard !open.isEmpty else { return false }
    let requests = open.map { group in
      let ranges = heads[group].next.sorted { $0.key < $1.key }
        .map { "\(layout.columns[$0.key].attribute);range=\($0.value)-*" }
      return LDAPRequest.search(
        LDAPSearch(
          base: names[group], scope: .base,
          attributes: ranges + [layout.immutableID] + GroupVersion.attributes))
    }
    var parts = open.map { _ in GroupHead() }
    let results = connection.perform(requests) { position, entry in
      parts[position].take(entry, layout) { members(open[position], $0, $1) }
    }
    for (position, group) in open.enumerated() {
      parts[position].result = results[position]
      heads[group].append(parts[position])
    }
    return true
  }
}

extension GroupHead {
  fileprivate mutating func take(
    _ entry: borrowing LDAPEntry, _ layout: Layout,
    _ members: (_ column: Int, _ values: LDAPEntry.Values) -> Void
  ) {
    var others: [String: [String]] = [:]
    var ranges: [Int: Int] = [:]
    var problem: String?
    let isWhole = entry.read(
      name: { _ in },
      attribute: { type, values in
        if let column = layout.columns.firstIndex(where: { $0.isNamed(type) }) {
          members(column, values)
          return
        }
        let name = String(decoding: type, as: UTF8.self).lowercased()
        if name.utf8.contains(UInt8(ascii: ";")), let range = MemberRange(name),
          let column = layout.columns.firstIndex(where: { $0.isNamed(range.attribute) })
        {
          members(column, values)
          if let end = range.end { ranges[column] = end + 1 }
          if let start = next[column], start != range.start {
            problem = "the server gives its members in ranges that do not join"
          }
        } else {
          others[name] = values.map(ValueForm(of: name).text)
        }
      })
    if !isWhole { problem = "the answer cannot be decoded" }
    func values(_ attribute: String) -> [String] { others[attribute.lowercased(), default: []] }
    immutableID = values(layout.immutableID).first
    classes = values("objectClass")
    version = GroupVersion(values)
    let ours = Set((GroupVersion.attributes + [layout.immutableID]).map { $0.lowercased() })
    self.others = others.keys.filter { !ours.contains($0) }
    next = ranges
    fault = problem
  }

  /// Takes up the answer to a request for the next ranges.
  fileprivate mutating func append(_ part: GroupHead) {
    guard part.isWhole else {
      if part.result.isComplete {
        fault = part.fault ?? "the server does not show it any more"
      } else {
        result = part.result
      }
      return
    }
    if part.version != version || part.immutableID != immutableID {
      fault = "it was changed while it was read"
    }
    for (column, start) in part.next where start <= next[column, default: 0] {
      fault = "the server gives its members in ranges that do not end"
    }
    next = part.next
  }
}

/// `member;range=0-1499` or, for the last one, `member;range=1500-*` (MS-ADTS §3.1.1.3.1.3.3).
struct MemberRange: Equatable {
  let attribute: String
  let start: Int
  /// `nil` if it reaches the end.
  let end: Int?

  init?(_ type: String) {
    let pieces = type.split(separator: ";range=", omittingEmptySubsequences: false)
    guard pieces.count == 2 else { return nil }
    let bounds = pieces[1].split(separator: "-", omittingEmptySubsequences: false)
    guard bounds.count == 2, let start = Int(bounds[0]), start >= 0 else { return nil }
    if bounds[1] == "*" {
      end = nil
    } else {
      guard let last = Int(bounds[1]), last >= start, last < Int.max else { return nil }
      end = last
    }
    attribute = String(pieces[0])
    self.start = start
  }
}
