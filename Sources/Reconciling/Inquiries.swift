import AccessModel
import Planning
import Synchronization

/// Sources that are read, or asked for news, beside the loop, so that none of them stands between an
/// end and its removal. Each is read once at a time and asked once at a time; what it gives waits
/// here, whole, until the loop takes it.
final class Inquiries<C: Clock>: Sendable where C.Duration == Duration {
  struct Reading {
    let source: any AssignmentSource
    let result: Result<AssignmentReading, SourceError>
    let begun: C.Instant

    /// By the judged time of the run that takes it.
    func told(at now: Instant, _ clock: C) -> SourceResult {
      SourceResult(
        source: source.id, reading: result,
        readAt: now.adding(.zero - begun.duration(to: clock.now)),
        absentAfter: source.absentAfter)
    }
  }

  struct News {
    /// What they add to.
    let base: SourceResult
    let result: Result<AssignmentReading?, SourceError>
    let begun: C.Instant

    /// By the judged time of the run that takes it.
    func told(at now: Instant, _ clock: C) -> SourceResult {
      let reading: Result<AssignmentReading, SourceError> =
        switch result {
        case .success(let news?): .success(news)
        case .success(nil): base.reading
        case .failure(let error): .failure(error)
        }
      return SourceResult(
        source: base.source, reading: reading, readAt: base.readAt,
        heardAt: now.adding(.zero - begun.duration(to: clock.now)), absentAfter: base.absentAfter)
    }
  }

  private struct State {
    var readings: [SourceID: (begun: C.Instant, task: Task<Void, Never>)] = [:]
    var questions: [SourceID: Task<Void, Never>] = [:]
    var given: [Reading] = []
    var heard: [News] = []
  }

  private let clock: C
  private let bell: Bell
  private let state = Mutex(State())

  /// Rings `bell` for each answer.
  init(clock: C, bell: Bell) {
    self.clock = clock
    self.bell = bell
  }

  func isReading(anyOf sources: Set<SourceID>) -> Bool {
    state.withLock { !$0.readings.keys.filter(sources.contains).isEmpty }
  }

  /// Begins to read a source, unless it is being read.
  func read(_ source: any AssignmentSource, _ context: RunContext) {
    let begun = clock.now
    state.withLock { state in
      guard state.readings[source.id] == nil else { return }
      let task = Task {
        let result = await source.stoppableRead(context)
        self.state.withLock { state in
          state.readings[source.id] = nil
          state.given.append(Reading(source: source, result: result, begun: begun))
        }
        self.bell.strike()
      }
      state.readings[source.id] = (begun, task)
    }
  }

  /// Begins to ask a source what is new since `base`, unless it is being asked.
  func ask(_ source: any NewsSource, since base: SourceResult, _ context: RunContext) {
    guard case .success(let reading) = base.reading else { return }
    let begun = clock.now
    state.withLock { state in
      guard state.questions[source.id] == nil else { return }
      state.questions[source.id] = Task {
        let result = await source.stoppableNews(context, since: reading, readAt: base.readAt)
        self.state.withLock { state in
          state.questions[source.id] = nil
          state.heard.append(News(base: base, result: result, begun: begun))
        }
        self.bell.strike()
      }
    }
  }

  /// What has come since this was last asked.
  func take() -> (readings: [Reading], news: [News]) {
    state.withLock { state in
      defer { (state.given, state.heard) = ([], []) }
      return (state.given, state.heard)
    }
  }

  /// Gives up readings that have taken longer than that; they count as failed.
  func giveUp(after limit: Duration) {
    let now = clock.now
    for reading in state.withLock({ Array($0.readings.values) })
    where reading.begun.duration(to: now) > limit {
      reading.task.cancel()
    }
  }

  /// Stops all of them and waits until they have stopped, a second at most.
  func end() async {
    let tasks = state.withLock { $0.readings.values.map(\.task) + $0.questions.values }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }
}
