package import AccessModel

/// All mapping rules: access package → entitlements, and subject → account attributes.
package struct MappingSet: Equatable, Sendable {
  /// In the order of their files' paths, then as written.
  package let packages: [PackageRule]
  /// At most one for each target.
  package let accounts: [AccountsRule]
  /// By target, sorted by key.
  let groups: [TargetID: [DesiredGroup]]

  /// The targets that any rule names, sorted.
  package var targets: [TargetID] {
    let named = packages.flatMap { $0.entitlements.map(\.target) } + accounts.map(\.target)
    return Set(named).sorted()
  }

  /// The rules for an access package, in their order. Says nothing of their conditions.
  package func rules(for package: AccessPackage) -> [PackageRule] {
    packages.filter { $0.match.includes(package) }
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
}
