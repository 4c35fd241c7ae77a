package import AccessModel
import Expressions

/// All mapping rules: access package → entitlements, and subject → account attributes.
package struct MappingSet: Equatable, Sendable {
  /// In the order of their files' paths, then as written.
  package let packages: [PackageRule]
  /// At most one for each target.
  package let accounts: [AccountsRule]
  /// By target, sorted by key.
  let groups: [TargetID: [DesiredGroup]]
  private let index: PackageIndex

  init(
    packages: [PackageRule], accounts: [AccountsRule], groups: [TargetID: [DesiredGroup]]
  ) {
    self.packages = packages
    self.accounts = accounts
    self.groups = groups
    index = PackageIndex(packages)
  }

  /// The targets that any rule names, sorted.
  package var targets: [TargetID] {
    let named = packages.flatMap { $0.entitlements.map(\.target) } + accounts.map(\.target)
    return Set(named).sorted()
  }

  /// The rules for an access package, in their order. Says nothing of their conditions.
  package func rules(for package: AccessPackage) -> [PackageRule] {
    index.positions(for: package).map { packages[$0] }
  }

  /// The access packages with assignments that no rule maps, sorted by name, then catalog and id.
  package func unmappedPackages(in readings: [AssignmentReading]) -> [AccessPackage] {
    var unmapped: Set<AccessPackage> = []
    for reading in readings {
      for position in Set(reading.assignments.map(\.package)) {
        let package = reading.packages[Int(position)]
        if rules(for: package).isEmpty { unmapped.insert(package) }
      }
    }
    return unmapped.sorted {
      ($0.name, $0.catalog ?? "", $0.id ?? "") < ($1.name, $1.catalog ?? "", $1.id ?? "")
    }
  }

  /// Warns of every attribute that an expression names and no subject of the readings has: a name
  /// that is misspelt is null for everyone. Sorted by location; none if there are no subjects.
  package func unknownAttributes(in readings: [AssignmentReading]) -> [Diagnostic] {
    let shapes = readings.flatMap { $0.subjects.map(\.attributes.shape) }
    guard !shapes.isEmpty else { return [] }
    let distinct = Dictionary(
      shapes.map { (ObjectIdentifier($0), $0) }, uniquingKeysWith: { first, _ in first })
    let known = Set(distinct.values.flatMap(\.names))
    return expressions.flatMap { located in
      located.expression.attributes.filter { !known.contains($0) }.map { name in
        let advice = nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return Diagnostic(
          .warning, "no subject has an attribute '\(name)'\(advice)", at: located.location)
      }
    }.sorted { ($0.location, $0.message) < ($1.location, $1.message) }
  }

  /// Every attribute of subjects that a condition or an account's rule names.
  package var subjectAttributes: Set<String> {
    Set(expressions.flatMap(\.expression.attributes))
  }

  private var expressions: [LocatedExpression] {
    packages.compactMap(\.condition)
      + accounts.flatMap(\.attributes).compactMap { attribute in
        guard case .expression(let located) = attribute.source else { return nil }
        return located
      }
  }
}
