package import AccessModel

/// The standing of every assignment of one source, from what it said and what the ledger remembers.
///
/// | the reading says        | the ledger knows it | standing                                     |
/// |-------------------------|---------------------|----------------------------------------------|
/// | live by state and times | –                   | live; a remembered ending is forgotten       |
/// | end has passed          | –                   | over, `expired`                              |
/// | over by its state       | –                   | over, `expired` or else `revoked`            |
/// | being delivered         | –                   | held                                         |
/// | starts later            | –                   | not yet                                      |
/// | over, without a subject | yes                 | over, `revoked`                              |
/// | nothing, read to its end| yes                 | over, `absent`, once `absentAfter` is up     |
/// | nothing, or no reading  | end has passed      | over, `expired`: needs no source             |
/// | nothing, or no reading  | yes                 | held                                         |
package struct SourceBook: Sendable {
  package let source: SourceID
  package let coverage: Coverage
  package let error: SourceError?
  package let undecodable: [UndecodableRecord]
  package let live: LiveAssignments?
  /// How many known assignments had not ended before this reading: what percentages are taken of.
  package let knownBefore: Int
  /// It reads zero and had some that neither expired nor were revoked: held whatever the percentages
  /// say, for as long as it reads zero.
  package let isEmptied: Bool
  /// The next instant after now at which an assignment starts or ends.
  package let nextBoundary: Instant?

  /// Those of the reading that are not simply live, by position.
  private let exceptions: [Int32: Standing]
  /// Those of the reading that the ledger does not know as they are, by position.
  private let news: ContiguousArray<Int32>
  /// Known assignments that the reading does not hold and of which something else is true now.
  private let corrections: [KnownAssignment]
  /// Known assignments that the reading does not hold, sorted.
  private let missing: [(known: KnownAssignment, standing: Standing)]

  package init(_ result: SourceResult, known: [KnownAssignment], now: Instant) {
    source = result.source
    knownBefore = known.count { $0.ending == nil }
    var reading: AssignmentReading?
    switch result.reading {
    case .success(let value):
      (reading, error, coverage) = (value, nil, value.coverage)
    case .failure(let failure):
      (error, coverage) = (failure, .partial(reason: failure.message))
    }
    undecodable = reading?.undecodable ?? []
    isEmptied =
      reading.map { $0.assignments.isEmpty && $0.coverage.isComplete } ?? false
      && known.contains { $0.ending.map { $0.cause == .absent } ?? true }

    var walk = Walk(result: result, coverage: coverage, now: now)
    walk.merge(reading, known)
    live = reading.map { LiveAssignments(reading: $0, positions: walk.live) }
    (news, corrections, nextBoundary) = (walk.news, walk.corrections, walk.nextBoundary)
    (exceptions, missing) = (walk.exceptions, walk.missing)
  }

  /// What the ledger must learn from this reading: only what differs from what it knows, in pieces of
  /// at most `size`, since a first reading may be all news.
  package func updates(
    inPiecesOf size: Int, _ body: ([KnownAssignment]) async throws(LedgerError) -> Void
  ) async throws(LedgerError) {
    if !corrections.isEmpty { try await body(corrections) }
    guard let reading = live?.reading else { return }
    for start in stride(from: 0, to: news.count, by: size) {
      let piece = news[start..<min(start + size, news.count)]
      try await body(
        piece.map { position in
          var ending: Ending?
          if case .over(let value)? = exceptions[position] { ending = value }
          return KnownAssignment(reading, at: position, ending: ending)
        })
    }
  }

  /// The access package of an assignment that the reading or the ledger knows.
  package func packageName(of id: AssignmentID) -> String? {
    if let reading = live?.reading, let position = reading.assignments.position(of: id, by: \.id) {
      return reading.packages[Int(reading.assignments[position].package)].name
    }
    return positionOfMissing(id).map { missing[$0].known.package }
  }

  /// `nil` if neither the reading nor the ledger knows it.
  package func standing(of id: AssignmentID) -> Standing? {
    if let position = live?.reading.assignments.position(of: id, by: \.id) {
      return exceptions[Int32(position)] ?? .live
    }
    return positionOfMissing(id).map { missing[$0].standing }
  }

  private func positionOfMissing(_ id: AssignmentID) -> Int? {
    missing.position(of: id) { $0.known.reference.id }
  }
}

extension KnownAssignment {
  /// What a reading says of the assignment at a position.
  fileprivate init(_ reading: AssignmentReading, at position: Int32, ending: Ending?) {
    let assignment = reading.assignments[Int(position)]
    self.init(
      reference: reading.reference(assignment),
      subject: reading.subjects[Int(assignment.subject)].id,
      package: reading.packages[Int(assignment.package)].name, validity: assignment.validity,
      ending: ending)
  }
}

/// One merge over two lists sorted by id.
private struct Walk {
  let result: SourceResult
  let coverage: Coverage
  let now: Instant
  let withoutSubject: [AssignmentID: AssignmentState]
  var live: ContiguousArray<Int32> = []
  var exceptions: [Int32: Standing] = [:]
  var missing: [(known: KnownAssignment, standing: Standing)] = []
  var news: ContiguousArray<Int32> = []
  var corrections: [KnownAssignment] = []
  var nextBoundary: Instant?

  init(result: SourceResult, coverage: Coverage, now: Instant) {
    self.result = result
    self.coverage = coverage
    self.now = now
    switch result.reading {
    case .success(let reading): withoutSubject = reading.withoutSubject
    case .failure: withoutSubject = [:]
    }
  }

  mutating func merge(_ reading: AssignmentReading?, _ known: [KnownAssignment]) {
    var next = known.startIndex
    if let reading {
      live.reserveCapacity(reading.assignments.count)
      for (position, assignment) in reading.assignments.enumerated() {
        while next < known.endIndex, known[next].reference.id < assignment.id {
          noteMissing(known[next])
          next += 1
        }
        var remembered: KnownAssignment?
        if next < known.endIndex, known[next].reference.id == assignment.id {
          remembered = known[next]
          next += 1
        }
        note(assignment, at: Int32(position), of: reading, known: remembered)
      }
    }
    for assignment in known[next...] { noteMissing(assignment) }
  }

  private mutating func note(
    _ assignment: Assignment, at position: Int32, of reading: AssignmentReading,
    known: KnownAssignment?
  ) {
    let reference = reading.reference(assignment)
    let standing = standing(of: assignment, reference, known: known)
    if standing == .live { live.append(position) } else { exceptions[position] = standing }
    noteBoundary(assignment.validity.start)
    if let end = assignment.validity.end { noteBoundary(end) }

    var ending: Ending?
    if case .over(let value) = standing { ending = value }
    // What was over when it was first seen granted nothing here: there is nothing to remember.
    if known == nil, ending != nil { return }
    if known.map({ $0 != KnownAssignment(reading, at: position, ending: ending) }) ?? true {
      news.append(position)
    }
  }

  private func standing(
    of assignment: Assignment, _ reference: AssignmentReference, known: KnownAssignment?
  ) -> Standing {
    if let end = assignment.validity.end, end <= now {
      return .over(.expired(reference, end: end))
    }
    switch assignment.state {
    case .expired, .deliveryFailed:
      // The first reading that said so stays the evidence.
      if case .revoked? = known?.ending, let ending = known?.ending { return .over(ending) }
      return .over(
        .revoked(reference, state: assignment.state.rawValue, seen: result.readAt))
    case .delivering:
      return .held(reason: "\(reference) is being delivered")
    case .delivered, .partiallyDelivered:
      let start = assignment.validity.start
      return start <= now ? .live : .notYet(start: start)
    }
  }

  private mutating func noteMissing(_ known: KnownAssignment) {
    var update = known
    let standing: Standing
    let standsAlone = known.ending?.cause.standsAlone ?? false
    if !standsAlone, let end = known.validity.end, end <= now {
      // Also where it was absent before: limits that held it then hold it no more.
      update.ending = .expired(known.reference, end: end)
      standing = .over(.expired(known.reference, end: end))
    } else if let ending = known.ending, standsAlone || coverage.isComplete {
      standing = .over(ending)
    } else if let state = withoutSubject[known.reference.id] {
      standing = self.standing(of: known, listedAs: state, &update)
    } else {
      // Also of one that was noted as absent: limits may have held what follows from that, and they
      // judge it by the reading of now.
      switch coverage {
      case .complete: standing = absence(of: known, &update)
      case .partial(let reason):
        standing = .held(reason: "\(known.reference) was not read: \(reason)")
      }
    }
    if !standsAlone, let end = known.validity.end { noteBoundary(end) }
    missing.append((known, standing))
    if update != known { corrections.append(update) }
  }

  /// It is listed, though no longer for anybody: what its state says counts, not its absence.
  private func standing(
    of known: KnownAssignment, listedAs state: AssignmentState, _ update: inout KnownAssignment
  ) -> Standing {
    update.missingSince = nil
    switch state {
    case .expired, .deliveryFailed:
      let ending = Ending.revoked(known.reference, state: state.rawValue, seen: result.readAt)
      update.ending = ending
      return .over(ending)
    case .delivering, .delivered, .partiallyDelivered:
      return .held(reason: "\(known.reference) is listed as \(state.rawValue), without a subject")
    }
  }

  /// A complete reading lacks it: the first one that did and this one must lie far enough apart.
  private func absence(of known: KnownAssignment, _ update: inout KnownAssignment) -> Standing {
    let since = known.missingSince ?? result.readAt
    update.missingSince = since
    guard result.readAt.since(since) >= result.absentAfter else {
      return .held(
        reason: "\(known.reference) is missing since \(since), which one more complete "
          + "reading must confirm")
    }
    let ending = Ending.absent(known.reference, missingSince: since, confirmed: result.readAt)
    update.ending = ending
    return .over(ending)
  }

  private mutating func noteBoundary(_ instant: Instant) {
    guard instant > now else { return }
    nextBoundary = nextBoundary.map { min($0, instant) } ?? instant
  }
}
