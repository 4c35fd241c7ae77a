import AccessModel
import Planning

/// What is due when, and what the sources said last.
struct Agenda {
  private static let (shortestPause, longestPause) = (
    Duration.milliseconds(200), Duration.seconds(30)
  )
  private static let secondLook = Duration.milliseconds(500)
  /// While the clock is in doubt, whether it still is.
  private static let doubtfulInterval = Duration.seconds(60)
  /// A clock that is corrected goes back by less.
  private static let slew = Duration.seconds(1)

  private let schedule: Schedule
  private let chance: @Sendable () -> Double
  /// Of sources that are not being read.
  private var sourceDue: [SourceID: Instant]
  /// When the reading that is under way, or the last one, was begun.
  private var begun: [SourceID: Instant] = [:]
  private var sourceTroubles: [SourceID: BackOff] = [:]
  private var latest: [SourceID: SourceResult] = [:]
  /// Those whose last reading was begun before something ended or was heard of.
  private var overtaken: Set<SourceID> = []
  /// When that was the last time.
  private var lastTurn: Instant?
  private var newsDue: [SourceID: Instant] = [:]
  private var newsTroubles: [SourceID: BackOff] = [:]
  private var targetDue: [TargetID: Instant]
  private var targetTroubles: [TargetID: BackOff] = [:]
  /// Those that gave nothing at all the last time.
  private var down: Set<TargetID> = []
  private(set) var boundary: Instant?
  /// What the clock showed the last time.
  private var lastSeen: Instant
  /// Targets that have rung and were not looked at since.
  private var rung: Set<TargetID> = []
  /// How often in a row each rang for nothing.
  private var falseAlarms: [TargetID: Int] = [:]
  private var lastLook: [TargetID: Instant] = [:]

  /// `chance` gives numbers from 0 to 1.
  init(schedule: Schedule, now: Instant, chance: @escaping @Sendable () -> Double) {
    self.schedule = schedule
    self.chance = chance
    lastSeen = now
    sourceDue = schedule.sources.mapValues { _ in now }
    targetDue = schedule.targets.mapValues { _ in now }
  }

  private func interval(of source: SourceID) -> Duration {
    schedule.sources[source, default: Self.doubtfulInterval]
  }

  private func interval(of target: TargetID) -> Duration {
    schedule.targets[target, default: Self.doubtfulInterval]
  }

  var nextWake: Instant {
    let due =
      Array(sourceDue.values) + Array(targetDue.values) + Array(newsDue.values)
      + [boundary].compactMap { $0 }
    return due.min() ?? Instant(microseconds: .max)
  }

  /// Where the clock was set back, what was planned by it lies too far ahead: all of it is due now.
  mutating func note(clock now: Instant) {
    defer { lastSeen = now }
    guard now.adding(Self.slew) < lastSeen else { return }
    sourceDue = sourceDue.mapValues { min($0, now) }
    begun = begun.mapValues { min($0, now) }
    lastTurn = lastTurn.map { min($0, now) }
    newsDue = newsDue.mapValues { min($0, now) }
    targetDue = targetDue.mapValues { min($0, now) }
  }

  // Sources

  /// The sources to read now, which are due no more until they have answered.
  mutating func sourcesToRead(at now: Instant) -> Set<SourceID> {
    let ready = Set(sourceDue.filter { $0.value <= now }.keys)
    for source in ready {
      sourceDue[source] = nil
      begun[source] = now
    }
    return ready
  }

  /// What each source gave last; one that has not answered yet is as good as unread.
  var readings: [SourceResult] {
    schedule.sources.keys.sorted().map { source in
      latest[source] ?? .unread(source, since: begun[source] ?? Instant(microseconds: 0))
    }
  }

  /// A reading that has ended. True if its source says something else than the last time, or what
  /// could not be believed then.
  private mutating func note(_ result: SourceResult, at now: Instant) -> Bool {
    let source = result.source
    switch result.reading {
    case .success:
      sourceTroubles[source] = nil
      newsTroubles[source] = nil
      sourceDue[source] = max(now, (begun[source] ?? now).adding(interval(of: source)))
    case .failure:
      sourceDue[source] = now.adding(
        sourceTroubles[source, default: BackOff()].pause(
          interval: interval(of: source), chance: chance()))
    }
    // What was heard while it was read may be newer than what it says.
    newsDue[source] = schedule.news[source].map { max(now, (begun[source] ?? now).adding($0)) }
    let wasOvertaken = overtaken.remove(source) != nil
    if let lastTurn, result.readAt < lastTurn { overtaken.insert(source) }
    defer { latest[source] = result }
    return wasOvertaken || !Self.areSame(latest[source], result)
  }

  /// The sources to ask for news now, with what they gave last; none that could not be read.
  mutating func sourcesToAsk(at now: Instant) -> [SourceID: SourceResult] {
    var ready: [SourceID: SourceResult] = [:]
    for (source, interval) in schedule.news {
      guard let result = latest[source], case .success = result.reading,
        newsDue[source] ?? now <= now
      else { continue }
      newsDue[source] = now.adding(interval)
      ready[source] = result
    }
    return ready
  }

  /// What came of asking a source what is new since `base`; false if it brought nothing that counts.
  mutating func note(
    asked base: SourceResult, _ result: Result<AssignmentReading?, SourceError>, at now: Instant
  ) -> Bool {
    let source = base.source
    guard let interval = schedule.news[source] else { return false }
    switch result {
    case .failure:
      newsDue[source] = now.adding(
        newsTroubles[source, default: BackOff()].pause(interval: interval, chance: chance()))
      return false
    case .success(let reading):
      newsTroubles[source] = nil
      guard latest[source]?.readAt == base.readAt else {
        // It was read whole in the meantime, and is asked anew.
        newsDue[source] = now
        return false
      }
      return reading != nil
    }
  }

  /// Takes over what was read and heard. True if any source says something else than before. A reading
  /// with news in it proves the absence of nothing that it did not prove before, so it counts as read
  /// when the whole of it was.
  mutating func note<C: Clock>(
    _ readings: [Inquiries<C>.Reading], _ news: [Inquiries<C>.News], _ context: RunContext,
    _ clock: C, at now: Instant
  ) -> Bool {
    for heard in news { latest[heard.base.source] = heard.told(at: context.now, clock) }
    if !news.isEmpty { lastTurn = context.now }
    var isChanged = !news.isEmpty
    for reading in readings where note(reading.told(at: context.now, clock), at: now) {
      isChanged = true
    }
    return isChanged
  }

  /// Whether this is the first of several failures in a row to be asked for news.
  func isFirstFailure(ofNewsFrom source: SourceID) -> Bool {
    newsTroubles[source]?.failures == 1
  }

  // Targets

  /// Whether an assignment started or ended: every target's plan is another one from then on.
  func isBoundaryPassed(at now: Instant) -> Bool { boundary.map { $0 <= now } ?? false }

  /// How long nothing is known to start or end.
  func untilBoundary(at now: Instant) -> Duration? { boundary.map { $0.since(now) } }

  /// The targets to look at now. What starts or ends is due everywhere at once, only what is down is
  /// left alone for a few seconds after it was last tried.
  mutating func targetsToVisit(at now: Instant) -> Set<TargetID> {
    let isPassed = isBoundaryPassed(at: now)
    if isPassed {
      for (target, due) in targetDue {
        targetDue[target] = min(due, earliest(of: target, at: now))
      }
    }
    return Set(targetDue.filter { $0.value <= now }.keys)
  }

  private func earliest(of target: TargetID, at now: Instant) -> Instant {
    guard down.contains(target), let look = lastLook[target], look <= now else { return now }
    return max(now, look.adding(BackOff.first))
  }

  /// Those that get another plan because a source says something else: all but what is down, which
  /// hears of it when it is tried again.
  var targetsThatAnswer: Set<TargetID> { Set(targetDue.keys).subtracting(down) }

  /// Targets that rang are due at once, unless they were looked at just now or are down.
  mutating func note(rung targets: Set<TargetID>, at now: Instant) {
    for target in targets {
      guard let due = targetDue[target] else { continue }
      rung.insert(target)
      guard !down.contains(target) else { continue }
      let pause = pause(of: target)
      // Where the clock was set back, the last look lies ahead.
      let left = lastLook[target].map { pause - now.since($0) } ?? .zero
      targetDue[target] = min(due, now.adding(max(.zero, min(left, pause))))
    }
  }

  /// How long a target is left alone after it was looked at, however often it rings: the longer the
  /// oftener it rang for nothing, as a directory does that notes every login.
  private func pause(of target: TargetID) -> Duration {
    let doublings = min(max(falseAlarms[target, default: 0] - 4, 0), 10)
    return min(Self.shortestPause * (1 << doublings), Self.longestPause, interval(of: target))
  }

  /// Targets that nobody waited for and that have ended: what came in the meantime is still to be done
  /// there.
  mutating func note(ended targets: Set<TargetID>, at now: Instant) {
    for target in targets { targetDue[target] = now }
  }

  /// Every target is looked at once more, to see what was written there.
  mutating func lookAgain(at now: Instant) {
    for target in targetsThatAnswer {
      let earliest = lastLook[target].map { $0.adding(Self.secondLook) } ?? now
      targetDue[target] = min(max(now, earliest), now.adding(Self.secondLook))
    }
  }

  /// Whether a request waits for what the targets show.
  var isAwaited: Bool {
    latest.values.contains { result in
      if case .success(let reading) = result.reading { !reading.waiting.isEmpty } else { false }
    }
  }

  /// While the clock is in doubt no boundary passes by it, and every target is looked at again soon, to
  /// see whether the doubt is over.
  mutating func note(_ report: RunReport, at now: Instant) {
    let isInDoubt = report.context.doubt != nil
    if isBoundaryPassed(at: report.context.now) { lastTurn = report.context.now }
    boundary = isInDoubt ? nil : report.nextBoundary
    for target in report.targets {
      note(target, isInDoubt: isInDoubt, at: now)
      if rung.remove(target.target) != nil {
        let isFalse = target.outcomes.isEmpty && target.failure == nil
        falseAlarms[target.target] = isFalse ? falseAlarms[target.target, default: 0] + 1 : 0
      } else if lastLook[target.target].map({ now.since($0) > Self.longestPause }) ?? false {
        falseAlarms[target.target] = 0
      }
      lastLook[target.target] = now
    }
  }

  private mutating func note(_ report: TargetReport, isInDoubt: Bool, at now: Instant) {
    let (target, interval) = (report.target, interval(of: report.target))
    var pause = interval
    switch report.failure {
    // It is due when it has ended.
    case .atWork: break
    case .unavailable, .lostLedger:
      down.insert(target)
      pause = targetTroubles[target, default: BackOff()].pause(interval: interval, chance: chance())
    case nil:
      down.remove(target)
      if report.failed > 0 {
        pause = targetTroubles[target, default: BackOff()].pause(
          interval: interval, chance: chance())
      } else {
        targetTroubles[target] = nil
      }
    }
    targetDue[target] = now.adding(isInDoubt ? min(pause, Self.doubtfulInterval) : pause)
  }

  private static func areSame(_ left: SourceResult?, _ right: SourceResult) -> Bool {
    guard let left else { return false }
    switch (left.reading, right.reading) {
    case (.success(let left), .success(let right)):
      return left.coverage == right.coverage && left.assignments == right.assignments
        && left.subjects == right.subjects && left.packages == right.packages
        && left.withoutSubject == right.withoutSubject && left.revocations == right.revocations
        && left.waiting == right.waiting
    case (.failure(let left), .failure(let right)):
      return left.kind == right.kind
    case (.success, .failure), (.failure, .success): return false
    }
  }
}
