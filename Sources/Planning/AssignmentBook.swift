package import AccessModel

/// Where one assignment stands now.
package enum Standing: Equatable, Sendable {
  /// It grants what the mapping says.
  case live
  /// Its validity starts later. Until then it grants nothing, and what it granted before goes.
  case notYet(start: Instant)
  /// It could not be read or trusted: it grants nothing new and takes nothing away.
  case held(reason: String)
  case over(Ending)
}

/// What one attempt to read a source gave, and when.
package struct SourceResult: Sendable {
  package let source: SourceID
  package let reading: Result<AssignmentReading, SourceError>
  /// When the attempt began.
  package let readAt: Instant
  /// When the newest word in it was asked for: later than `readAt` where news were added.
  package let heardAt: Instant
  /// See `AssignmentSource.absentAfter`.
  package let absentAfter: Duration

  /// `heardAt` is `readAt` if nothing is said.
  package init(
    source: SourceID, reading: Result<AssignmentReading, SourceError>, readAt: Instant,
    heardAt: Instant? = nil, absentAfter: Duration
  ) {
    self.source = source
    self.reading = reading
    self.readAt = readAt
    self.heardAt = heardAt ?? readAt
    self.absentAfter = absentAfter
  }
}

/// The assignments of all sources.
package struct AssignmentBook: Sendable {
  /// Sorted by source.
  package let sources: [SourceBook]
  /// Sources that are not configured any more but of which the ledger knows assignments: those are
  /// held until their ends pass. Nobody expects to read them, so they make nothing incomplete.
  package let retired: [SourceBook]

  package init(_ sources: [SourceBook], retired: [SourceBook] = []) {
    self.sources = sources.sorted { $0.source < $1.source }
    self.retired = retired.sorted { $0.source < $1.source }
  }

  package var live: [LiveAssignments] { sources.compactMap(\.live) }

  /// Whether every source was read to its end, so that nothing unread can justify anything.
  package var isComplete: Bool { sources.allSatisfy { $0.coverage.isComplete } }

  package var nextBoundary: Instant? { (sources + retired).compactMap(\.nextBoundary).min() }

  /// How many assignments start or end in the stretch of time that is in doubt.
  package var doubted: Int { (sources + retired).reduce(0) { $0 + $1.doubted } }

  package func packageName(of reference: AssignmentReference) -> String? {
    book(of: reference.source)?.packageName(of: reference.id)
  }

  package func standing(of reference: AssignmentReference) -> Standing {
    guard let book = book(of: reference.source) else {
      return .held(reason: "source \(reference.source) is not configured any more")
    }
    return book.standing(of: reference.id)
      ?? .held(reason: "\(reference) is known neither to its source nor to the ledger")
  }

  /// The source for whose reading things wait that were last justified by these assignments.
  func unreadSource(behind because: [AssignmentReference]) -> SourceID? {
    because.first { reference in
      guard case .held = standing(of: reference) else { return false }
      return book(of: reference.source)?.coverage.isComplete == false
    }?.source
  }

  private func book(of source: SourceID) -> SourceBook? {
    sources.first { $0.source == source } ?? retired.first { $0.source == source }
  }
}
