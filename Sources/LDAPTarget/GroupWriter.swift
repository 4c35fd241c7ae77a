import AccessModel
import LDAPClient

/// Writes members: one strict modify per group with all its removals and additions, distinct groups in
/// flight together.
///
/// Every round reads the groups that still have something to do, settles what is so already, and
/// sends the exact difference of the rest. A conflict or a lost answer leads to the next round, so
/// nothing is ever repeated that was not read first.
struct GroupWriter {
  private let layout: Layout
  private var works: [GroupWork] = []
  private var positions: [EntitlementKey: Int] = [:]
  private var accounts: MemberAccounts
  private var schema: Schema?

  init(layout: Layout) {
    self.layout = layout
    accounts = MemberAccounts(layout: layout)
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
    let name: DistinguishedName
    do throws(TargetError) {
      name = try layout.groupName(membership.group.rawValue)
    } catch {
      return error.message
    }
    if let refusal = accounts.take(membership.account, index) { return refusal }
    let key = EntitlementKey(name.normalised)
    let position = positions[key, default: works.count]
    if position == works.count {
      positions[key] = position
      works.append(GroupWork(name: name, layout: layout))
    }
    works[position].add(
      GroupWork.Item(index: index, isAddition: isAddition, groupID: groupID))
    return nil
  }

  mutating func apply(
    _ batch: inout Batch, on connection: isolated LDAPConnection, _ progress: (Progress) -> Void
  ) {
    guard !works.isEmpty else { return }
    var isResolved = false
    while true {
      let open = works.indices.filter { works[$0].hasOpenItems(batch) }
      guard !open.isEmpty else { return }
      if let error = batch.reopen(connection) {
        for work in open { works[work].giveUp(error, &batch) }
        return
      }
      if !isResolved {
        isResolved = resolve(&batch, on: connection)
        continue
      }
      round(open, &batch, on: connection)
      progress(batch.progress)
    }
  }

  /// Finds the accounts' values and the schema once. `false` if the connection was lost.
  private mutating func resolve(
    _ batch: inout Batch, on connection: isolated LDAPConnection
  ) -> Bool {
    guard let values = accounts.resolve(&batch, on: connection) else { return false }
    for work in works.indices { works[work].resolve(values, &batch) }
    do throws(LDAPError) {
      schema = try connection.schema()
      return true
    } catch {
      return connection.isOpen
    }
  }

  private mutating func round(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) {
    let requests = open.map { works[$0].request }
    for work in open { works[work].beginReading() }
    let results = connection.perform(requests) { works[open[$0]].read($1) }
    guard connection.isOpen else { return }
    var writes: [LDAPRequest] = []
    var writers: [Int] = []
    for (work, result) in zip(open, results) {
      guard let modifications = works[work].decide(result, schema, &batch) else { continue }
      writes.append(.modify(works[work].name, modifications))
      writers.append(work)
    }
    for (work, result) in zip(writers, connection.perform(writes)) {
      works[work].sent(result.result, &batch)
      guard result.result.delivery == .answered,
        result.result.code.disposition == .stopTarget
      else { continue }
      for other in open { works[other].settleOpen(result.result.outcome, &batch) }
    }
  }
}
