import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  /// Every fault, at every step, between Bellhop and its servers.
  ///
  /// A slice of them unless `BELLHOP_FAULTS` is a number of cases for each door, `full` for 250, `all`,
  /// or the name of one case as a failure prints it.
  @Suite struct Faults {
    private static let usual = 7
    private static let longest = Duration.seconds(60)
    private static let mostRuns = 3

    @Test func `L8: whatever breaks on the way, a run ends in time and the next one mends it`()
      async throws
    {
      let wish = ProcessInfo.processInfo.environment["BELLHOP_FAULTS"]
      try await withThrowingTaskGroup { group in
        for door in FaultDoor.allCases where wish.map(door.takesPart) ?? true {
          group.addTask { try await Self.run(door, wish) }
        }
        try await group.waitForAll()
      }
    }

    /// A case that fails may leave anything behind: the next one starts anew.
    private static func run(_ door: FaultDoor, _ wish: String?) async throws {
      var figures = FaultFigures()
      let start = ContinuousClock.now
      var cases: ArraySlice<FaultCase>?
      repeat {
        try await withFaultStation(door) { station in
          var matrix = try await FaultMatrix(station)
          if cases == nil { cases = try await matrix.cases(wish, usual: usual, &figures)[...] }
          while let item = cases?.popFirst() {
            let problems = try await matrix.run(item, within: longest, runs: mostRuns, &figures)
            for problem in problems {
              Issue.record(
                """
                \(door.rawValue): \(item.name): \(problem)
                again: BELLHOP_FAULTS='\(door.rawValue): \(item.name)' \
                swift test --filter EndToEndTests.EndToEnd/Faults
                """)
            }
            if !problems.isEmpty { break }
          }
        }
      } while cases?.isEmpty == false
      print("faults: \(door.rawValue): \(figures), in \((ContinuousClock.now - start).seconds)")
    }
  }
}

/// What is worth telling of all cases of a door together.
struct FaultFigures: CustomStringConvertible {
  var total = 0
  var cases = 0
  var faulty = 0
  var notReached = 0
  var failedRuns = 0
  var slowest = Duration.zero
  var mostRuns = 0

  var description: String {
    "\(cases) of \(total) cases, \(faulty) faulty, \(failedRuns) runs failed as they should, "
      + "\(notReached) not reached, slowest run \(slowest.seconds), "
      + "converged after at most \(mostRuns)"
  }
}

extension Duration {
  fileprivate var seconds: String {
    let tenths = Int(self / .milliseconds(100))
    return "\(tenths / 10).\(tenths % 10) s"
  }
}

extension FaultDoor {
  /// Whether a wish, if it names a case, names one of this door.
  fileprivate func takesPart(_ wish: String) -> Bool {
    !wish.contains(":") || wish.hasPrefix("\(rawValue):")
  }
}

/// Runs cases against one station, each from the state that the one before it left.
struct FaultMatrix {
  private let station: FaultStation
  private var state: FaultScript
  private var untouched: [JSON]

  private var world: World { station.world }

  init(_ station: FaultStation) async throws {
    self.station = station
    state = .restore
    untouched = []
    try station.world.write(FaultScript.restore.records)
    try await station.world.bellhop.run("apply", exits: 0)
    if let wiki = station.world.wiki {
      try await wiki.addStranger("vera", to: ["Lab", "Archive"])
    }
    untouched = try await world.snapshot().untouchables
  }

  /// Those that were wished for: `full`, `all`, a number, a name, or the usual slice. Counts the steps of each
  /// run of the script first.
  mutating func cases(
    _ wish: String?, usual: Int, _ figures: inout FaultFigures
  ) async throws -> [FaultCase] {
    let prefix = "\(station.door.rawValue): "
    var lists: [[FaultCase]] = []
    for script in FaultScript.allCases {
      try await station.proxy.set()
      try await advance(to: script)
      let count = try await station.proxy.count()
      lists.append(FaultCase.all(station.door, script, count))
    }
    // One of each script in turn, since each starts where the other ends.
    let longest = lists.map(\.count).max() ?? 0
    let all = (0..<longest).flatMap { index in lists.compactMap { $0.dropFirst(index).first } }
    figures.total = all.count
    switch wish {
    case nil: return FaultCase.slice(all, count: usual)
    case "full": return FaultCase.slice(all, count: 250)
    case "all": return all
    case .some(let wish):
      if let count = Int(wish) { return FaultCase.slice(all, count: count) }
      return all.filter { "\(prefix)\($0.name)".hasPrefix(wish) }
    }
  }

  /// Goes round the circle without any fault.
  private mutating func advance(to script: FaultScript) async throws {
    while state != script {
      guard let next = FaultScript.allCases.first(where: { $0.previous == state }) else { return }
      try world.write(next.records)
      try await world.bellhop.run("apply", exits: 0)
      state = next
    }
  }

  /// What went wrong; empty if nothing did.
  mutating func run(
    _ item: FaultCase, within limit: Duration, runs: Int, _ figures: inout FaultFigures
  ) async throws -> [String] {
    try await station.proxy.set()
    try await advance(to: item.script.previous)
    let before = holding(of: try await world.snapshot())
    try world.write(item.script.records)

    try await station.proxy.set(item.fault)
    let start = ContinuousClock.now
    let answer = try await world.bellhop.answer("apply")
    let time = ContinuousClock.now - start
    let count = try await station.proxy.count()
    try await station.proxy.set()

    var problems = faults(of: answer, item, count, &figures)
    figures.cases += 1
    figures.slowest = max(figures.slowest, time)
    if time > limit { problems.append("it took \(time), more than \(limit)") }
    let wanted = item.script.holding(inDirectory: station.door.isDirectory)
    var snapshot = try await world.snapshot()
    problems += holding(of: snapshot).faults(from: before, to: wanted)
    problems += touched(in: snapshot)

    var healing = 0
    while holding(of: snapshot) != wanted || (healing == 0 && answer.code != 0), healing < runs {
      let next = try await world.bellhop.answer("apply")
      healing += 1
      if next.code != 0, healing == runs {
        problems.append("after healing it still exits \(next.code): \(next.errors)")
      }
      snapshot = try await world.snapshot()
    }
    figures.mostRuns = max(figures.mostRuns, healing)
    if holding(of: snapshot) != wanted {
      problems.append("after \(runs) runs without fault it is \(holding(of: snapshot))")
    }
    problems += touched(in: snapshot)
    state = item.script
    guard !problems.isEmpty else { return [] }
    figures.faulty += 1
    problems.append("it said:\n\(answer.everything)")
    return problems
  }

  /// What the failing run itself did wrong.
  private func faults(
    of answer: Installation.Answer, _ item: FaultCase, _ count: FaultProxy.Count,
    _ figures: inout FaultFigures
  ) -> [String] {
    var problems: [String] = []
    let isReached = count.struck > 0 || ["refuse", "black hole"].contains(item.fault.kind)
    if !isReached { figures.notReached += 1 }
    if answer.code != 0 { figures.failedRuns += 1 }
    if ![0, 4, 69].contains(answer.code) { problems.append("it ends with \(answer.code)") }
    if answer.code != 0, !answer.everything.contains(station.door.target) {
      problems.append("it does not name \(station.door.target)")
    }
    if item.isHarmless, answer.code != 0 { problems.append("it fails where nothing was wrong") }
    if !count.stranger.isEmpty { problems.append("a stranger was told \(count.stranger)") }
    return problems
  }

  private func touched(in snapshot: World.Snapshot) -> [String] {
    zip(snapshot.untouchables, untouched).filter { $0 != $1 }.map { now, before in
      "nobody asked to change\n\(before)\nto\n\(now)"
    }
  }

  private func holding(of snapshot: World.Snapshot) -> Holding {
    station.door.isDirectory ? snapshot.directoryHolding : snapshot.wikiHolding
  }
}
