package import AccessModel

/// The standing of every assignment of one source, from what it said and what the ledger remembers.
///
/// | the reading says        | the ledger knows it | standing                                     |
/// |-------------------------|---------------------|----------------------------------------------|
/// | anything                | ended since it began| over, as it ended                            |
/// | live by state and times | –                   | live; a remembered ending is forgotten       |
/// | end has passed          | –                   | over, `expired`                              |
/// | over by its state       | –                   | over, `expired` or else `revoked`            |
/// | over by other evidence  | –                   | over, `revoked`, also if it is not listed    |
/// | being delivered         | –                   | held                                         |
/// | starts or ends in doubt | –                   | held, while nobody knows whether it has      |
/// | starts later            | –                   | not yet                                      |
/// | live, of another subject| yes                 | held until its known end                     |
/// | over, without a subject | yes                 | over, `revoked`                              |
/// | nothing, read to its end| yes                 | over, `absent`, once `absentAfter` is up     |
/// | nothing, or no reading  | end has passed      | over, `expired`: needs no source             |
/// | nothing, or no reading  | yes                 | held                                         |
package struct SourceBook: Sendable {
  package let source: SourceID
  package let coverage: Coverage
  package let error: SourceError?
  package let undecodable: [UndecodableRecord]
  /// What else the reading tells; see `AssignmentReading.remarks`.
  package var remarks: [String] { live?.reading.remarks ?? [] }
  package let live: LiveAssignments?
  /// How many known assignments had not ended before this reading: what percentages are taken of.
  package let knownBefore: Int
  /// It reads zero and had some that neither expired nor were revoked: held whatever the percentages
  /// say, for as long as it reads zero.
  package let isEmptied: Bool
  /// The next instant after now at which an assignment starts or ends.
  package let nextBoundary: Instant?
  /// Assignments that complete readings lack, from the instant at which that was confirmed.
  package var absences: [Absence] {
    missing.compactMap { row in
      guard case .over(.absent(let reference, _, let confirmed)) = row.standing else { return nil }
      return Absence(
        reference: reference, confirmed: confirmed, wasKnownOver: row.known.ending != nil)
    }
  }

  package struct Absence: Equatable, Sendable {
    package let reference: AssignmentReference
    package let confirmed: Instant
    /// Whether an earlier reading had confirmed it, so that `knownBefore` does not count it.
    package let wasKnownOver: Bool

    package init(reference: AssignmentReference, confirmed: Instant, wasKnownOver: Bool) {
      self.reference = reference
      self.confirmed = confirmed
      self.wasKnownOver = wasKnownOver
    }
  }

  /// How many assignments start or end in the stretch of time that is in doubt.
  package let doubted: Int

  /// Those of the reading that are not simply live, by position.
  private let exceptions: [Int32: Standing]
  /// Those of the reading that the ledger does not know as they are, by position.
  private let news: ContiguousArray<Int32>
  /// Known assignments that the reading does not hold and of which something else is true now.
  private let corrections: [KnownAssignment]
  /// Known assignments that the reading does not hold, sorted.
  private let missing: [(known: KnownAssignment, standing: Standing)]

  /// `doubt` is what of the time after `now` may have come; see `ClockDoubt`.
  package init(
    _ result: SourceResult, known: [KnownAssignment], now: Instant, doubt: ClockDoubt? = nil
  ) {
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

    var walk = Walk(result: result, coverage: coverage, now: now, doubt: doubt)
    walk.merge(reading, known)
    live = reading.map { LiveAssignments(reading: $0, positions: walk.live) }
    (news, corrections, nextBoundary) = (walk.news, walk.corrections, walk.nextBoundary)
    doubted = walk.doubted
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
  let doubt: ClockDoubt?
  let withoutSubject: [AssignmentID: AssignmentState]
  let revocations: [AssignmentID: String]
  var live: ContiguousArray<Int32> = []
  var exceptions: [Int32: Standing] = [:]
  var missing: [(known: KnownAssignment, standing: Standing)] = []
  var news: ContiguousArray<Int32> = []
  var corrections: [KnownAssignment] = []
  var nextBoundary: Instant?
  var doubted = 0

  init(result: SourceResult, coverage: Coverage, now: Instant, doubt: ClockDoubt?) {
    self.result = result
    self.coverage = coverage
    self.now = now
    self.doubt = doubt
    switch result.reading {
    case .success(let reading):
      (withoutSubject, revocations) = (reading.withoutSubject, reading.revocations)
    case .failure: (withoutSubject, revocations) = ([:], [:])
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
    // It was read while the assignment was not over yet, and says nothing of what came after.
    if let ending = known?.ending, let end = ending.instant, result.readAt < end, end <= now {
      exceptions[position] = .over(ending)
      return
    }
    let reference = reading.reference(assignment)
    let standing = standing(of: assignment, reference, known: known)
    if let known, known.ending == nil, let moved = whyMoved(assignment, of: reading, from: known) {
      if case .over = standing {
      } else {
        return keep(known, since: moved, at: position)
      }
    }
    if standing == .live { live.append(position) } else { exceptions[position] = standing }
    noteBoundary(assignment.validity.start)
    if let end = assignment.validity.end { noteBoundary(end) }
    if doubtfulBoundary(of: assignment.validity) != nil { doubted += 1 }

    var ending: Ending?
    if case .over(let value) = standing { ending = value }
    // What was over when it was first seen granted nothing here: there is nothing to remember.
    if known == nil, ending != nil { return }
    if known.map({ $0 != KnownAssignment(reading, at: position, ending: ending) }) ?? true {
      news.append(position)
    }
  }

  /// Why the record is not taken for the one that is known: it is somebody else's now.
  private func whyMoved(
    _ assignment: Assignment, of reading: AssignmentReading, from known: KnownAssignment
  ) -> String? {
    let subject = reading.subjects[Int(assignment.subject)].id
    guard subject != known.subject else { return nil }
    return "\(known.reference) was \(known.subject)'s and is \(subject)'s now, which an assignment "
      + "cannot become: it gives and takes nothing until its end, or until the source ends it; if it "
      + "is meant, assign anew under another id"
  }

  /// The ledger goes on knowing whose it was, and ends it when that is due.
  private mutating func keep(_ known: KnownAssignment, since reason: String, at position: Int32) {
    guard let end = known.validity.end, end <= now else {
      exceptions[position] = .held(reason: reason)
      if let end = known.validity.end { noteBoundary(end) }
      return
    }
    var update = known
    update.ending = .expired(known.reference, end: end)
    exceptions[position] = .over(.expired(known.reference, end: end))
    corrections.append(update)
  }

  private func standing(
    of assignment: Assignment, _ reference: AssignmentReference, known: KnownAssignment?
  ) -> Standing {
    if let end = assignment.validity.end, end <= now {
      return .over(.expired(reference, end: end))
    }
    if let evidence = revocations[assignment.id] {
      return .over(revocation(of: reference, evidence, known: known))
    }
    switch assignment.state {
    case .expired, .deliveryFailed:
      return .over(revocation(of: reference, assignment.state.rawValue, known: known))
    case .delivering:
      return .held(reason: "\(reference) is being delivered")
    case .delivered, .partiallyDelivered:
      if let boundary = doubtfulBoundary(of: assignment.validity) {
        return .held(reason: "whether \(boundary), of \(reference), has come is in doubt")
      }
      let start = assignment.validity.start
      return start <= now ? .live : .notYet(start: start)
    }
  }

  /// The first reading that said so stays the evidence.
  private func revocation(
    of reference: AssignmentReference, _ evidence: String, known: KnownAssignment?
  ) -> Ending {
    if case .revoked? = known?.ending, let ending = known?.ending { return ending }
    return .revoked(reference, state: evidence, seen: result.heardAt)
  }

  /// The start or end of which nobody knows whether it has come.
  private func doubtfulBoundary(of validity: Validity) -> Instant? {
    guard let doubt else { return nil }
    return [validity.start, validity.end].compactMap(\.self).first(where: doubt.covers)
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
    } else if let evidence = revocations[known.reference.id] {
      let ending = revocation(of: known.reference, evidence, known: known)
      (update.missingSince, update.ending) = (nil, ending)
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
    if !standsAlone, let end = known.validity.end {
      noteBoundary(end)
      if doubt?.covers(end) ?? false { doubted += 1 }
    }
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
      let ending = Ending.revoked(known.reference, state: state.rawValue, seen: result.heardAt)
      update.ending = ending
      return .over(ending)
    case .delivering, .delivered, .partiallyDelivered:
      return .held(reason: "\(known.reference) is listed as \(state.rawValue), without a subject")
    }
  }

  /// A complete reading lacks it: the first one that did and this one must lie far enough apart.
  private func absence(of known: KnownAssignment, _ update: inout KnownAssignment) -> Standing {
    // Where the clock was put right backwards, it cannot be missing since a time yet to come.
    let since = min(known.missingSince ?? result.readAt, result.readAt)
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
