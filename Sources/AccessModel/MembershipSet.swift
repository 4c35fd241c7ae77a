/// One account holds one entitlement, as two positions in the tables of the state it belongs to.
package struct MembershipIndex: Hashable, Comparable, Sendable {
  private let packed: UInt64

  package init(group: Int, account: Int) {
    packed = UInt64(UInt32(group)) << 32 | UInt64(UInt32(account))
  }

  package var group: Int { Int(packed >> 32) }
  package var account: Int { Int(packed & 0xffff_ffff) }

  package static func < (left: Self, right: Self) -> Bool { left.packed < right.packed }
}

/// Memberships by the million: interned positions, sorted by group and then account, contiguous.
///
/// Two sets over the same tables are compared by one merge; strings come back when a plan is made.
package struct MembershipSet: Equatable, Sendable {
  package let sorted: ContiguousArray<MembershipIndex>

  package static let empty = MembershipSet([])

  /// Sorts, and drops repetitions.
  package init(_ memberships: ContiguousArray<MembershipIndex>) {
    var sorted = memberships
    if !zip(sorted, sorted.dropFirst()).allSatisfy({ $0 < $1 }) {
      sorted.sort()
      var kept = 0
      for index in sorted.indices where index == 0 || sorted[index] != sorted[kept - 1] {
        sorted[kept] = sorted[index]
        kept += 1
      }
      sorted.removeLast(sorted.count - kept)
    }
    self.sorted = sorted
  }

  package var count: Int { sorted.count }

  /// The position of a membership in `sorted`.
  package func position(of membership: MembershipIndex) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < membership { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == membership ? low : nil
  }

  package func contains(_ membership: MembershipIndex) -> Bool {
    position(of: membership) != nil
  }
}

/// For each row of some table, the assignments that justify it, sorted: one list after the other.
package struct Justifications: Equatable, Sendable {
  package let assignments: [AssignmentReference]
  private var ends: ContiguousArray<Int32> = []
  private var positions: ContiguousArray<Int32> = []

  package init(assignments: [AssignmentReference]) { self.assignments = assignments }

  /// Adds the list of the next row, as positions in `assignments`.
  package mutating func append(_ row: some Sequence<Int32>) {
    positions.append(contentsOf: row)
    ends.append(Int32(positions.count))
  }

  package var count: Int { ends.count }

  package subscript(row: Int) -> [AssignmentReference] {
    positions[range(of: row)].map { assignments[Int($0)] }
  }

  /// Whether a row names the same assignments in the same order as a row of another table. Makes no
  /// list of either: a run that changes nothing compares every row.
  package func hasSameRow(_ row: Int, as other: Justifications, _ otherRow: Int) -> Bool {
    let (mine, theirs) = (positions[range(of: row)], other.positions[other.range(of: otherRow)])
    return mine.count == theirs.count
      && zip(mine, theirs).allSatisfy { assignments[Int($0)] == other.assignments[Int($1)] }
  }

  private func range(of row: Int) -> Range<Int> {
    (row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])
  }
}
