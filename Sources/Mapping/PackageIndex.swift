import AccessModel

/// Finds the rules for an access package without trying all of them.
struct PackageIndex: Equatable, Sendable {
  private let matches: [PackageRule.Match]
  private let byName: [Identifier<PackageRule>: [Int]]
  /// Rules that name no package name.
  private let byID: [Identifier<PackageRule>: [Int]]

  init(_ rules: [PackageRule]) {
    matches = rules.map(\.match)
    var byName: [Identifier<PackageRule>: [Int]] = [:]
    var byID: [Identifier<PackageRule>: [Int]] = [:]
    for (position, match) in matches.enumerated() {
      if let name = match.name {
        byName[Identifier(name), default: []].append(position)
      } else if let id = match.id {
        byID[Identifier(id), default: []].append(position)
      }
    }
    (self.byName, self.byID) = (byName, byID)
  }

  /// Positions of the rules, ascending.
  func positions(for package: AccessPackage) -> [Int] {
    let named = byName[Identifier(package.name), default: []]
    let identified = package.id.map { byID[Identifier($0), default: []] } ?? []
    return (named + identified).filter { matches[$0].includes(package) }.sorted()
  }
}
