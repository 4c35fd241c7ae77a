package import AccessModel

/// One change with the name it goes by: two changes have one name exactly if they do the same for the
/// same causes.
package struct NamedChange: Codable, Equatable, Sendable {
  package let id: String
  package let change: ChangeReport

  package init(_ change: Change, target: TargetID) {
    id = PlanDigest(target: target, changes: [change]).description
    self.change = ChangeReport(change)
  }
}

/// How one list of changes differs from an earlier one.
package struct PlanComparison: Equatable, Sendable {
  /// In the later list alone, in its order.
  package let added: [ChangeReport]
  /// In the earlier list alone, in its order.
  package let gone: [ChangeReport]

  package init(from earlier: [NamedChange], to later: [NamedChange]) {
    let (before, after) = (Set(earlier.map(\.id)), Set(later.map(\.id)))
    added = later.filter { !before.contains($0.id) }.map(\.change)
    gone = earlier.filter { !after.contains($0.id) }.map(\.change)
  }

  package var isEmpty: Bool { added.isEmpty && gone.isEmpty }
}
