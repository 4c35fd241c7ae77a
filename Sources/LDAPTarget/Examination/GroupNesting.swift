import LDAPClient

/// Which groups are members of which, while their members pass by.
struct GroupNesting: Sendable {
  private var names = KeyTable()
  /// For each group by its number, the groups that are members of it.
  private var members: [Int: [Int]] = [:]
  private var current: Int?
  private var key: [UInt8] = []

  /// Memberships of groups in groups.
  private(set) var count = 0

  /// Learns the names of all groups: a group may be met as a member before it is met itself.
  mutating func know(_ search: LDAPSearch, on link: isolated LDAPConnection) {
    _ = link.search(search) { entry in
      guard let name = entry.name else { return }
      if name.withUnsafeBytes({ normalise($0) }) { _ = names.insert(key) }
    }
  }

  /// Members that follow are of this group.
  mutating func enter(_ name: UnsafeRawBufferPointer) {
    current = normalise(name) ? names.number(of: key) : nil
  }

  mutating func take(_ member: UnsafeRawBufferPointer) {
    guard names.count > 0, let current, normalise(member), let number = names.number(of: key)
    else { return }
    members[current, default: []].append(number)
    count += 1
  }

  /// How many groups are in themselves, at once or by way of others: what is left once every group
  /// without a group in it is taken away, and then those that hold only such.
  var inLoops: Int {
    var open = members.mapValues { Set($0) }
    while true {
      let done = Set(open.values.joined()).filter { open[$0] == nil }
      let before = open.count
      open = open.mapValues { $0.subtracting(done) }.filter { !$0.value.isEmpty }
      if open.count == before { break }
    }
    // What only leads to a loop is not in it.
    return open.keys.count { start in
      var seen: Set<Int> = []
      var pending = Array(open[start, default: []])
      while let next = pending.popLast() {
        if next == start { return true }
        if seen.insert(next).inserted { pending += open[next, default: []] }
      }
      return false
    }
  }

  private mutating func normalise(_ bytes: UnsafeRawBufferPointer) -> Bool {
    key.removeAll(keepingCapacity: true)
    return DistinguishedName.appendNormalised(bytes, to: &key)
  }
}
