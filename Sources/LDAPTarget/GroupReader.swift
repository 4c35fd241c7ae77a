import AccessModel
import LDAPClient

/// Reads the groups of the scope, each by its name: what the scope names, and nothing else.
struct GroupReader {
  private let layout: Layout
  private let scope: ManagedScope
  /// For each of the scope's groups, what stands in it while it has no other member.
  private var placeholders: [[UInt8]?]
  private(set) var members: FoundMembers
  private var found: [ActualGroup]
  private(set) var changedAt: [EntitlementKey: Instant] = [:]
  /// Groups that showed no member.
  private var bare: [(group: Int, name: DistinguishedName)] = []
  /// What an earlier reading found, if it may be used.
  private let earlier: GroupMemory?
  /// Whether what is found is to be kept for the next reading.
  private let remembers: Bool
  /// What this reading found, with what was taken over from the earlier one.
  private(set) var remembered: [EntitlementKey: GroupMemory.Group] = [:]

  init(
    layout: Layout, scope: ManagedScope, directory: AccountDirectory, earlier: GroupMemory? = nil,
    remembers: Bool = false
  ) {
    self.earlier = earlier
    self.remembers = remembers
    self.layout = layout
    self.scope = scope
    placeholders = scope.groups.map { _ in layout.placeholder.map { layout.columns[0].key($0) } }
    members = FoundMembers(layout: layout, directory: directory)
    found = Array(repeating: .unreadable(reason: "not read"), count: scope.groups.count)
  }

  /// One for each of the scope's groups. Throws if the server goes away.
  mutating func read(on connection: isolated LDAPConnection) throws(TargetError) -> [ActualGroup] {
    var positions: [Int] = []
    var names: [DistinguishedName] = []
    for (position, key) in scope.groups.enumerated() {
      do throws(TargetError) {
        let name = try layout.groupName(key.rawValue)
        if layout.recreatesGroups { placeholders[position] = layout.placeholderKey(of: name) }
        names.append(name)
        positions.append(position)
      } catch {
        found[position] = .unreadable(reason: error.message)
      }
    }
    recall(names, positions, on: connection)
    let unread = positions.indices.filter { remembered[scope.groups[positions[$0]]] == nil }
    let absent = try readWhole(
      unread.map { names[$0] }, unread.map { positions[$0] }, on: connection)
    let left = try follow(absent, on: connection)
    try settle(left, on: connection)
    try doubtBare(on: connection)
    return found
  }

  private typealias Absent = (position: Int, parent: DistinguishedName)

  /// Gives those that there are not.
  private mutating func readWhole(
    _ names: [DistinguishedName], _ positions: [Int], on connection: isolated LDAPConnection
  ) throws(TargetError) -> [Absent] {
    var ambiguous: Set<Int> = []
    var packed = names.map { _ in PackedMembers() }
    let heads = GroupFetch(layout: layout).read(names, on: connection) { index, column, values in
      if remembers { packed[index].append(values, column: column) }
      if !take(values, positions[index], column) { ambiguous.insert(index) }
    }
    var absent: [Absent] = []
    for (index, head) in heads.enumerated() {
      guard head.result.result.code.isAnswer else {
        throw LDAPError(head.result.result).targetError(layout.target, "cannot read groups")
      }
      let position = positions[index]
      if head.result.result.code == .noSuchObject, let parent = names[index].parent {
        absent.append((position, parent))
      } else if !head.result.isComplete {
        found[position] = .unreadable(reason: head.result.shortfall)
      } else if head.result.entries == 0 {
        found[position] = .unreadable(reason: "the server does not show it to us")
      } else if let id = head.immutableID {
        let fault =
          head.fault
          ?? (ambiguous.contains(index) ? "several accounts share a value that stands in it" : nil)
        found[position] = .present(
          immutableID: id, coverage: fault.map { .partial(reason: $0) } ?? .complete)
        changedAt[scope.groups[position]] = head.version?.changedAt
        if fault == nil, !members.shown.contains(position) { bare.append((position, names[index])) }
        if remembers, fault == nil, packed[index].isWhole, let version = head.version,
          version.isLasting
        {
          remembered[scope.groups[position]] = GroupMemory.Group(
            immutableID: id, version: version, members: packed[index])
        }
      } else {
        found[position] = .unreadable(reason: "it shows no \(layout.immutableID)")
      }
    }
    return absent
  }

  /// Reads groups that have another name now where they are, known by their immutable ids. Gives those
  /// that are nowhere.
  private mutating func follow(
    _ absent: [Absent], on connection: isolated LDAPConnection
  ) throws(TargetError) -> [Absent] {
    guard let base = layout.groupsBase else { return absent }
    let known = absent.filter { scope.groupIDs[scope.groups[$0.position]] != nil }
    let searches = known.compactMap { scope.groupIDs[scope.groups[$0.position]] }.map { id in
      LDAPRequest.search(
        LDAPSearch(
          base: base, scope: .subtree, filter: .equals(layout.immutableID, id), attributes: []))
    }
    var places: [Int: String] = [:]
    _ = connection.perform(searches) { index, entry in
      _ = entry.read(
        name: { places[index] = String(decoding: $0, as: UTF8.self) }, attribute: { _, _ in })
    }
    var names: [DistinguishedName] = []
    var positions: [Int] = []
    for (index, place) in places.sorted(by: { $0.key < $1.key }) {
      // One that was moved out of our reach stays missing.
      do throws(TargetError) { names.append(try layout.groupName(place)) } catch { continue }
      positions.append(known[index].position)
    }
    guard !names.isEmpty else { return absent }
    let lost = try readWhole(names, positions, on: connection)
    return absent.filter { !positions.contains($0.position) } + lost
  }

  /// Takes over what the earlier reading found of groups whose version is still the same.
  private mutating func recall(
    _ names: [DistinguishedName], _ positions: [Int], on connection: isolated LDAPConnection
  ) {
    guard let earlier else { return }
    let known = positions.indices.filter { earlier.groups[scope.groups[positions[$0]]] != nil }
    let versions = GroupVersions(layout: layout).read(known.map { names[$0] }, on: connection)
    for (version, index) in zip(versions, known) {
      let position = positions[index]
      let key = scope.groups[position]
      guard let version, let group = earlier.groups[key], group.version == version.version,
        group.immutableID == version.immutableID
      else { continue }
      var isClear = true
      let isWhole = group.members.forEachColumn { column, values in
        guard column < layout.columns.count else { return isClear = false }
        if !take(values, position, column) { isClear = false }
      }
      // Memberships that were taken are met again, once each, when it is read after all.
      guard isWhole, isClear else { continue }
      found[position] = .present(immutableID: group.immutableID, coverage: .complete)
      changedAt[key] = group.version.changedAt
      remembered[key] = group
    }
  }

  /// `false` if one of the values could be that of several accounts.
  private mutating func take(
    _ values: some Sequence<UnsafeRawBufferPointer>, _ group: Int, _ column: Int
  ) -> Bool {
    members.take(values, of: group, in: column, besides: placeholders[group])
  }

  /// A group that shows no member may have some that we may not see: they are not gone. Only a search
  /// that says "no member" proves it, because a server leaves undecided what a searcher may not look
  /// at.
  private mutating func doubtBare(on connection: isolated LDAPConnection) throws(TargetError) {
    let filter = Filter.not(.present(layout.memberAttribute))
    let requests = bare.map { _, name in
      LDAPRequest.search(LDAPSearch(base: name, scope: .base, filter: filter, attributes: []))
    }
    for ((group, _), result) in zip(bare, connection.perform(requests)) {
      guard result.result.code.isAnswer else {
        throw LDAPError(result.result).targetError(layout.target, "cannot read groups")
      }
      guard case .present(let id, _) = found[group] else { continue }
      if result.isComplete, result.entries == 1 { continue }
      remembered[scope.groups[group]] = nil
      found[group] = .present(
        immutableID: id,
        coverage: .partial(
          reason: "it shows no \(layout.memberAttribute), and the server does not confirm that it "
            + "has none; allow us to read and search them"))
    }
  }

  /// A server says "no such object" also of what it hides: a group is missing only if the branch it
  /// would be in can be read.
  private mutating func settle(
    _ absent: [Absent], on connection: isolated LDAPConnection
  ) throws(TargetError) {
    var parents: [DistinguishedName] = []
    for (_, parent) in absent where !parents.contains(parent) { parents.append(parent) }
    let results = connection.perform(
      parents.map { .search(LDAPSearch(base: $0, scope: .base, attributes: [])) })
    for (parent, result) in zip(parents, results) {
      guard result.result.code.isAnswer else {
        throw LDAPError(result.result).targetError(layout.target, "cannot read groups")
      }
      for (position, itsParent) in absent where itsParent == parent {
        found[position] =
          result.isComplete && result.entries == 1
          ? .missing : .unreadable(reason: "neither it nor '\(parent)' can be read")
      }
    }
  }
}
