import AccessModel
import LDAPClient

/// Writes members: one strict modify per group with all its removals and additions, distinct groups in
/// flight together.
///
/// Each group is read, written slice by slice, and looked at again. Where the server can, a write is
/// made to depend on the version that was read and brings back the next one, so that whatever
/// somebody else does in between is noticed before it is built upon. A conflict or a lost answer leads
/// back to reading: nothing is ever repeated that was not read first.
struct GroupWriter {
  let layout: Layout
  var works: [GroupWork] = []
  private var positions: [EntitlementKey: Int] = [:]
  /// Changes come group by group.
  private var last: (group: EntitlementKey, position: Int)?
  private var accounts: MemberAccounts
  private var schema: Schema?
  private var hasAskedForSchema = false
  var traits = DirectoryTraits(nil)
  /// What each write made of a group's version.
  private(set) var versions: [String] = []
  /// How long one answer may take.
  let bound: Duration
  /// Of the last reading of the accounts.
  private(set) var proofs: AccountProofs?

  init(layout: Layout, timeout: Duration, proofs: AccountProofs?) {
    self.layout = layout
    self.proofs = proofs
    accounts = MemberAccounts(layout: layout)
    bound = min(.seconds(5), timeout / 4)
  }

  /// Gives the reason if the change is refused as it stands.
  mutating func take(_ change: Change, _ index: Int) -> String? {
    let membership: Membership
    let isAddition: Bool
    switch change {
    case .addMember(let value, _): (membership, isAddition) = (value, true)
    case .removeMember(let value, _): (membership, isAddition) = (value, false)
    default: return "not a change of a membership"
    }
    guard let groupID = membership.groupID else {
      return "'\(membership.group)' was not read, so nothing says that it is the same group"
    }
    let work: Int
    do throws(TargetError) {
      work = try self.work(for: membership.group)
    } catch {
      return error.message
    }
    guard let account = accounts.take(membership.account) else {
      return "the account was not read, so nothing says which entry it is"
    }
    works[work].add(
      GroupWork.Item(index: index, isAddition: isAddition, groupID: groupID, account: account))
    return nil
  }

  /// The position in `works`, by the group's name however it is spelled.
  private mutating func work(for group: EntitlementKey) throws(TargetError) -> Int {
    if let last, last.group == group { return last.position }
    if let known = positions[group] {
      last = (group, known)
      return known
    }
    let name = try layout.groupName(group.rawValue)
    let key = EntitlementKey(name.normalised)
    let position = positions[key, default: works.count]
    if position == works.count { works.append(GroupWork(name: name, layout: layout)) }
    (positions[key], positions[group]) = (position, position)
    return position
  }

  /// Gives the reason if nothing more may be written to the directory.
  mutating func apply(
    _ batch: inout Batch, on connection: isolated LDAPConnection, _ progress: (Progress) -> Void
  ) -> String? {
    guard !works.isEmpty else { return nil }
    var isResolved = false
    while true {
      let open = works.indices.filter { works[$0].hasOpenItems(batch) }
      guard !open.isEmpty else { return nil }
      if let error = batch.reopen(connection) {
        for work in open { works[work].giveUp(error, &batch) }
        return nil
      }
      if !isResolved {
        isResolved = resolve(&batch, on: connection)
        continue
      }
      read(open, &batch, on: connection)
      seek(open, batch, on: connection)
      write(open, &batch, on: connection)
      check(open, &batch, on: connection)
      if let alarm = works.lazy.compactMap(\.alarm).first {
        for work in open { works[work].giveUp(.failed(.stopTarget, reason: alarm), &batch) }
        return alarm
      }
      progress(batch.progress)
    }
  }

  /// Finds the accounts' values once, and what the server can. `false` if the connection was lost.
  mutating func resolve(
    _ batch: inout Batch, on connection: isolated LDAPConnection
  ) -> Bool {
    do throws(LDAPError) {
      traits = DirectoryTraits(try connection.rootDSE())
    } catch {
      // Without it, the server is taken to be able to do nothing but what every server can.
      guard connection.isOpen else { return false }
    }
    prove(on: connection)
    guard let values = accounts.resolve(proofs, on: connection) else { return false }
    for work in works.indices {
      works[work].resolve(values, &batch)
      if accounts.showsMemberOf { works[work].pace.begin(with: 500) }
    }
    return true
  }

  /// Reads all accounts anew where that costs less than looking at each of many.
  private mutating func prove(on connection: isolated LDAPConnection) {
    guard accounts.count > MemberAccounts.few, let old = proofs, !old.isValid(at: .now),
      old.count < accounts.count * 20
    else { return }
    let scope = ManagedScope(groups: [], attributes: [], disable: nil)
    // What cannot be read is looked at one by one.
    do throws(TargetError) {
      let reader = AccountReader(layout: layout, scope: scope)
      proofs = try reader.read(try reader.plan(), on: connection).proofs
    } catch {
      proofs = nil
    }
  }

  mutating func read(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) {
    let unread = open.filter { works[$0].state == nil && works[$0].hasOpenItems(batch) }
    guard !unread.isEmpty, connection.isOpen else { return }
    for work in unread { works[work].beginReading() }
    let heads = GroupFetch(layout: layout).read(unread.map { works[$0].name }, on: connection) {
      works[unread[$0]].readMembers($1, $2)
    }
    guard connection.isOpen else { return }
    for (work, head) in zip(unread, heads) { works[work].endReading(head, &batch) }
  }

  /// Looks for groups that were not found under their names.
  mutating func seek(
    _ open: [Int], _ batch: Batch, on connection: isolated LDAPConnection
  ) {
    let sought = open.compactMap { work in works[work].search(batch).map { (work, $0) } }
    guard !sought.isEmpty, connection.isOpen else { return }
    var places: [Int: String] = [:]
    _ = connection.perform(sought.map { .search($0.1) }) { index, entry in
      _ = entry.read(
        name: { places[index] = String(decoding: $0, as: UTF8.self) }, attribute: { _, _ in })
    }
    guard connection.isOpen else { return }
    for (index, (work, _)) in sought.enumerated() { works[work].sought(places[index]) }
  }

  /// The next request of each that has one, and whose it is.
  mutating func nextWrites(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) -> (writers: [Int], requests: [LDAPRequest]) {
    guard connection.isOpen else { return ([], []) }
    if !hasAskedForSchema, open.contains(where: { works[$0].mayBecomeEmpty(batch) }) {
      // Without it, what the standards say of the classes counts, and then the server's answer.
      do throws(LDAPError) { schema = try connection.schema() } catch {}
      guard connection.isOpen else { return ([], []) }
      hasAskedForSchema = true
    }
    var requests: [LDAPRequest] = []
    var writers: [Int] = []
    for work in open {
      guard let request = works[work].nextWrite(traits, schema, &batch) else { continue }
      requests.append(request)
      writers.append(work)
    }
    return (writers, requests)
  }

  private mutating func write(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) {
    let (writers, requests) = nextWrites(open, &batch, on: connection)
    guard connection.isOpen else { return }
    let results = connection.perform(requests)
    let stop = layout.stop(
      after: results, below: layout.groupsBase ?? layout.accountsBase, on: connection)
    for (work, result) in zip(writers, results) {
      works[work].sent(result, traits, bound: bound, &batch)
      if let version = result.result.entryAfter.flatMap({ entry in GroupVersion { entry[$0] } }) {
        versions.append(version.value)
      }
      guard result.result.delivery == .answered,
        result.result.code.disposition == .stopTarget
      else { continue }
      for other in open { works[other].stop(result.result.outcome, &batch) }
    }
    if let stop { for work in open { works[work].stop(stop, &batch) } }
  }

  mutating func check(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) {
    guard connection.isOpen else { return }
    var checks: [(work: Int, check: GroupWork.Check)] = []
    for work in open {
      if let check = works[work].nextCheck(batch) { checks.append((work, check)) }
    }
    let requests = checks.map { _, check in
      switch check {
      case .done(let search), .claim(_, let search): LDAPRequest.search(search)
      }
    }
    var records: [LDAPRecord?] = Array(repeating: nil, count: requests.count)
    let results = connection.perform(requests) { records[$0] = LDAPRecord($1) }
    for (position, (work, check)) in checks.enumerated() {
      works[work].checked(check, results[position], records[position], &batch)
    }
  }
}
