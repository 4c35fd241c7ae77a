import AccessModel
import LDAPClient

/// Reads the groups of the scope, each by its name: what the scope names, and nothing else.
struct GroupReader {
  private let layout: Layout
  private let scope: ManagedScope
  private let directory: AccountDirectory
  private let placeholder: [UInt8]?
  private let memberType: [UInt8]
  private var strangers = KeyTable()
  private var memberships = ContiguousArray<MembershipIndex>()
  private var found: [ActualGroup]
  /// The classes of each group that showed no member, not even the placeholder.
  private var bare: [Int: [String]] = [:]

  init(layout: Layout, scope: ManagedScope, directory: AccountDirectory) {
    self.layout = layout
    self.scope = scope
    self.directory = directory
    placeholder = layout.placeholder.map(layout.memberKey)
    memberType = Array(layout.memberAttribute.lowercased().utf8)
    found = Array(repeating: .unreadable(reason: "not read"), count: scope.groups.count)
  }

  /// One for each of the scope's groups. Throws if the server goes away.
  mutating func read(on connection: isolated LDAPConnection) throws(TargetError) -> [ActualGroup] {
    var positions: [Int] = []
    var names: [DistinguishedName] = []
    for (position, key) in scope.groups.enumerated() {
      do throws(TargetError) {
        names.append(try layout.groupName(key.rawValue))
        positions.append(position)
      } catch {
        found[position] = .unreadable(reason: error.message)
      }
    }
    let requests = names.map { name in
      LDAPRequest.search(
        LDAPSearch(
          base: name, scope: .base,
          attributes: [layout.memberAttribute, layout.immutableID, "objectClass"]))
    }
    let results = connection.perform(requests) { index, entry in
      take(entry, positions[index])
    }
    var absent: [(position: Int, parent: DistinguishedName)] = []
    for (index, result) in results.enumerated() {
      guard result.result.code.isAnswer else {
        throw LDAPError(result.result).targetError(layout.target, "cannot read groups")
      }
      if result.result.code == .noSuchObject, let parent = names[index].parent {
        absent.append((positions[index], parent))
      } else if !result.isComplete {
        found[positions[index]] = .unreadable(reason: result.shortfall)
      } else if result.entries == 0 {
        found[positions[index]] = .unreadable(reason: "the server does not show it to us")
      }
    }
    try settle(absent, on: connection)
    try doubtBare(on: connection)
    return found
  }

  /// The members found, once everything is read.
  func members() -> (strangers: [AccountKey], memberships: MembershipSet) {
    let keys = (0..<strangers.count).map { AccountKey(strangers.text($0)) }
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    var ranks = [Int](repeating: 0, count: order.count)
    for (rank, number) in order.enumerated() { ranks[number] = rank }
    let first = directory.accounts.count
    let settled = memberships.map { membership in
      membership.account < first
        ? membership
        : MembershipIndex(
          group: membership.group, account: first + ranks[membership.account - first])
    }
    return (order.map { keys[$0] }, MembershipSet(ContiguousArray(settled)))
  }

  private mutating func take(_ entry: borrowing LDAPEntry, _ group: Int) {
    var id: String?
    var partial: String?
    var key: [UInt8] = []
    var hasMember = false
    var classes: [String] = []
    let isWhole = entry.read(
      name: { _ in },
      attribute: { type, values in
        switch column(of: type) {
        case .member:
          for value in values {
            hasMember = true
            key.removeAll(keepingCapacity: true)
            layout.appendMemberKey(value, to: &key)
            if key == placeholder { continue }
            switch directory.holder(of: key) {
            case .account(let position):
              memberships.append(MembershipIndex(group: group, account: position))
            case .stranger:
              let number = strangers.insert(key).number
              memberships.append(
                MembershipIndex(group: group, account: directory.accounts.count + number))
            case .several:
              partial = "several accounts share a value that stands in it"
            }
          }
        case .range: partial = "the server gives its members in ranges"
        case .immutableID:
          id = values.first { _ in true }.map { String(decoding: $0, as: UTF8.self) }
        case .objectClass: classes = values.map { String(decoding: $0, as: UTF8.self) }
        case .other: break
        }
      })
    if !isWhole { partial = "the answer cannot be decoded" }
    guard let id else {
      found[group] = .unreadable(reason: "it shows no \(layout.immutableID)")
      return
    }
    found[group] = .present(
      immutableID: id, coverage: partial.map { .partial(reason: $0) } ?? .complete)
    if !hasMember, partial == nil { bare[group] = classes }
  }

  /// A group that shows no member although its class demands one has members that we may not see:
  /// they are not gone.
  private mutating func doubtBare(on connection: isolated LDAPConnection) throws(TargetError) {
    guard !bare.isEmpty else { return }
    let schema: Schema?
    do throws(LDAPError) {
      schema = try connection.schema()
    } catch {
      throw error.targetError(layout.target, "cannot read the schema")
    }
    for (group, classes) in bare
    where GroupClass.needsMember(layout.memberAttribute, classes, schema) {
      guard case .present(let id, _) = found[group] else { continue }
      found[group] = .present(
        immutableID: id,
        coverage: .partial(
          reason: "it must have a \(layout.memberAttribute) and shows none; allow us to read them"))
    }
  }

  private enum Column { case member, range, immutableID, objectClass, other }

  private func column(of type: UnsafeRawBufferPointer) -> Column {
    let name = String(decoding: type, as: UTF8.self).lowercased()
    if name.utf8.elementsEqual(memberType) { return .member }
    if name == layout.immutableID.lowercased() { return .immutableID }
    if name == "objectclass" { return .objectClass }
    return name.utf8.starts(with: memberType + Array(";range=".utf8)) ? .range : .other
  }

  /// A server says "no such object" also of what it hides: a group is missing only if the branch it
  /// would be in can be read.
  private mutating func settle(
    _ absent: [(position: Int, parent: DistinguishedName)], on connection: isolated LDAPConnection
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
