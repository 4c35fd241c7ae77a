import AccessModel

/// The members of groups as they are found: whose they are, and what is nobody's.
struct FoundMembers {
  private let layout: Layout
  private let directory: AccountDirectory
  private var strangers = KeyTable()
  /// For each column, the members found in it.
  private var memberships: [ContiguousArray<MembershipIndex>]
  /// Groups that showed a member, be it the placeholder.
  private(set) var shown: Set<Int> = []

  init(layout: Layout, directory: AccountDirectory) {
    self.layout = layout
    self.directory = directory
    memberships = layout.columns.map { _ in [] }
  }

  /// Takes values of one group's column. `false` if one of them could be that of several accounts.
  mutating func take(
    _ values: some Sequence<UnsafeRawBufferPointer>, of group: Int, in column: Int,
    besides placeholder: [UInt8]?
  ) -> Bool {
    if column == 0, values.contains(where: { _ in true }) { shown.insert(group) }
    // Moved out, so that it grows where it is.
    var found = ContiguousArray<MembershipIndex>()
    swap(&found, &memberships[column])
    defer { swap(&found, &memberships[column]) }
    let first = directory.accounts.count
    var isClear = true
    directory.members[column].forEachHolder(of: values, besides: column == 0 ? placeholder : nil) {
      found.append(MembershipIndex(group: group, account: $0))
    } other: { holder, key in
      if holder == .several {
        isClear = false
      } else if column == 0 {
        let number = strangers.insert(key).number
        found.append(MembershipIndex(group: group, account: first + number))
      }
    }
    return isClear
  }

  /// All that was taken: those of any column, and of them those that do not stand in all.
  func sorted() -> (strangers: [AccountKey], all: MembershipSet, incomplete: MembershipSet) {
    let keys = (0..<strangers.count).map { AccountKey(strangers.text($0)) }
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    var ranks = [Int](repeating: 0, count: order.count)
    for (rank, number) in order.enumerated() { ranks[number] = rank }
    let first = directory.accounts.count
    let columns = memberships.map { column in
      MembershipSet(
        ContiguousArray(
          column.lazy.map { membership in
            membership.account < first
              ? membership
              : MembershipIndex(
                group: membership.group, account: first + ranks[membership.account - first])
          }))
    }
    guard columns.count > 1 else { return (order.map { keys[$0] }, columns[0], .empty) }
    let all = MembershipSet(ContiguousArray(columns.flatMap(\.sorted)))
    let incomplete = all.sorted.filter { membership in
      membership.account < first && !columns.allSatisfy { $0.contains(membership) }
    }
    return (order.map { keys[$0] }, all, MembershipSet(ContiguousArray(incomplete)))
  }
}
