import AccessModel
import Testing

struct MembershipSetTests {
  private func index(_ group: Int, _ account: Int) -> MembershipIndex {
    MembershipIndex(group: group, account: account)
  }

  @Test func `memberships are sorted by group and then account, each once`() {
    let set = MembershipSet([index(2, 0), index(0, 9), index(2, 0), index(0, 1), index(0, 9)])
    #expect(set.sorted == [index(0, 1), index(0, 9), index(2, 0)])
    #expect(set.count == 3)
    #expect(set == MembershipSet([index(0, 1), index(0, 9), index(2, 0)]))
  }

  @Test func `only what is in it is found`() {
    let set = MembershipSet([index(0, 1), index(0, 9), index(2, 0)])
    #expect(set.position(of: index(0, 9)) == 1)
    #expect(set.contains(index(2, 0)))
    #expect(!set.contains(index(1, 0)))
    #expect(!set.contains(index(2, 1)))
    #expect(!MembershipSet.empty.contains(index(0, 0)))
  }

  @Test func `positions as large as a table may be are kept`() {
    let large = Int(Int32.max)
    let membership = index(large, large)
    #expect((membership.group, membership.account) == (large, large))
    #expect(index(0, large) < index(1, 0))
  }
}

struct JustificationsTests {
  private let assignments = ["a", "b", "c"].map { AssignmentReference(source: "s", id: .init($0)) }

  private func table(_ rows: [[Int32]], _ assignments: [AssignmentReference]) -> Justifications {
    var table = Justifications(assignments: assignments)
    for row in rows { table.append(row) }
    return table
  }

  @Test func `each row gives back its own assignments`() {
    let table = table([[0, 2], [], [1]], assignments)
    #expect(table.count == 3)
    #expect(table[0] == [assignments[0], assignments[2]])
    #expect(table[1] == [])
    #expect(table[2] == [assignments[1]])
  }

  @Test func `rows of two tables are the same by what they name, not by position`() {
    let one = table([[0, 2], [1]], assignments)
    let other = table([[0, 1], [1], [0]], [assignments[0], assignments[2]])
    #expect(one.hasSameRow(0, as: other, 0))
    #expect(!one.hasSameRow(1, as: other, 1))
    #expect(!one.hasSameRow(0, as: other, 2))
  }
}
