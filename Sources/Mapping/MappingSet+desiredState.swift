package import AccessModel

extension MappingSet {
  /// What should exist in one target because of the assignments that are live now.
  ///
  /// Pure. A membership is desired while at least one live assignment maps to it, and carries all of
  /// them. Whoever an expression fails for, whose identifiers cannot be trusted, or whom two sources
  /// describe differently, is in `holds` with the reason and in nothing else.
  package func desiredState(
    of target: TargetID, traits: TargetTraits, from live: [LiveAssignments]
  ) -> DesiredState {
    var demand = Demand(of: target, in: self)
    let catalogs = catalogs(in: live.map(\.reading))
    for source in live.sorted(by: { $0.reading.source < $1.reading.source }) {
      demand.collect(source, catalogs: catalogs)
    }
    return demand.desiredState(naturalKey: traits.naturalKeyAttribute)
  }

  /// The catalogs in which each package name is found: a rule that names no catalog must not guess.
  private func catalogs(in readings: [AssignmentReading]) -> [String: Set<String>] {
    var catalogs: [String: Set<String>] = [:]
    for package in readings.flatMap(\.packages) {
      if let catalog = package.catalog { catalogs[package.name, default: []].insert(catalog) }
    }
    return catalogs
  }
}
