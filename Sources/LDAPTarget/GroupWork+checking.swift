import AccessModel
import LDAPClient

// After the last write of a group: showing that it is as it was asked for.

extension GroupWork {
  /// Named values in one question, and the size of a group below which reading it whole costs no more.
  private static let (mostNamed, smallGroup) = (100, 1000)

  enum Check {
    /// A question about every value that was written.
    case done(LDAPSearch)
    /// A question about one value that the server says is so already, by its own way of comparing.
    case claim(Int, LDAPSearch)
  }

  /// What to ask next; `nil` if there is nothing to ask, or if the group is to be read whole instead,
  /// which `state` then says.
  mutating func nextCheck(_ batch: Batch) -> Check? {
    guard state != nil else { return nil }
    let claimed = items.indices.first {
      items[$0].delivery == .claimed && batch.isOpen(items[$0].index)
    }
    if let position = claimed {
      guard let filter = filter(for: [position]) else {
        state = nil
        return nil
      }
      return .claim(position, search(filter))
    }
    guard !hasUnsentItems(batch) else { return nil }
    let open = openItems(batch)
    guard !open.isEmpty else { return nil }
    // The chain of versions attests that nobody else wrote from the reading to the last write. In a
    // large group it is then enough to ask for the values by name.
    guard let version = expected?.version, version.isExact, let state,
      state.members > Self.smallGroup, open.count <= Self.mostNamed,
      let filter = filter(for: open)
    else {
      self.state = nil
      return nil
    }
    return .done(search(filter))
  }

  mutating func checked(
    _ check: Check, _ result: LDAPSearchResult, _ record: LDAPRecord?, _ batch: inout Batch
  ) {
    guard result.result.delivery == .answered else {
      state = nil
      return
    }
    let isConfirmed = result.isComplete && record != nil
    switch check {
    case .claim(let position, _):
      batch.settle(
        items[position].index,
        isConfirmed
          ? .alreadyInState()
          : .refused(
            reason: items[position].isAddition
              ? "the server says that it is a member, and does not show it to us"
              : "the server says that it is no member, and shows it as one"))
    case .done:
      guard isConfirmed, let record, let version = GroupVersion({ record[$0] }),
        version == expected?.version
      else {
        state = nil
        return
      }
      for position in openItems(batch) {
        let isOfGroup = record[layout.immutableID] == [items[position].groupID]
        batch.settle(
          items[position].index,
          isOfGroup
            ? .applied(changedAt: version.changedAt)
            : .unknown(reason: "the group was made anew while it was written"))
      }
    }
  }

  private func search(_ filter: Filter) -> LDAPSearch {
    LDAPSearch(
      base: name, scope: .base, filter: filter,
      attributes: [layout.immutableID] + GroupVersion.attributes)
  }

  /// True where every one of the items is as it was asked for. A server finds it undecided, and so
  /// not true, where we may not look. `nil` if a value is no text.
  private func filter(for positions: [Int]) -> Filter? {
    var parts: [Filter] = []
    for position in positions {
      for (number, column) in layout.columns.enumerated() {
        guard let value = values.value(of: items[position].account, in: number) else { continue }
        guard let text = String(validating: value, as: UTF8.self) else { return nil }
        let isMember = Filter.equals(column.attribute, text)
        parts.append(items[position].isAddition ? isMember : .not(isMember))
      }
    }
    return .and(parts)
  }
}
