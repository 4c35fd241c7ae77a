import AccessModel

extension TargetConformance {
  static let readingCases: [Case] = [
    Case("a group that does not exist reads as missing", missingGroup),
    Case("reading twice gives the same state and writes nothing", readingTwice),
    Case("a cut connection never reads as empty", cutReading),
    Case("nothing is done over a cut connection", cutWriting),
  ]

  private static func missingGroup(_ world: ConformanceWorld) async throws {
    let key = try world.harness.target.entitlementKey(for: world.harness.missingGroup)
    let snapshot = try await world.read()
    try world.expect(snapshot.isWhole, "the reading must be complete")
    try world.expect(snapshot.groups[key] == .missing, "\(key) must read as missing")
    for group in world.groups {
      try world.expect(
        snapshot.groups[group]?.isReadWhole == true, "\(group) must be there, read whole")
    }
  }

  private static func readingTwice(_ world: ConformanceWorld) async throws {
    _ = try await threeMembers(world)
    let first = try await world.read()
    let writes = try await world.harness.writeCount()
    try world.expect(try await world.read() == first, "two readings in a row differ")
    try world.expect(first.isWhole, "the readings must be complete")
    for subject in [world.ada, world.bob, world.eve] where world.keepsAnchors {
      try world.expect(
        first.accounts.contains { $0.anchor == subject }, "an account that was created is not read")
    }
    _ = try await world.harness.target.apply([]) { _ in }
    try world.expect(
      try await world.harness.writeCount() == writes, "reading, or applying nothing, wrote")
    try world.expect(writes > 0, "the harness must count the writes that made the state")
  }

  private static func cutReading(_ world: ConformanceWorld) async throws {
    _ = try await threeMembers(world)
    let whole = try await world.read()
    try await world.harness.cutConnection()
    let cut: Snapshot
    do throws(TargetError) {
      cut = Snapshot(try await world.harness.target.readActualState(world.scope), world.scope)
    } catch {
      try world.expect(!error.message.isEmpty, "the error must say what failed")
      return
    }
    try world.expect(!cut.isWhole, "a reading over a cut connection claims to be complete")
    for (key, group) in cut.groups {
      if group == .missing || group.isReadWhole {
        try world.expect(
          group == whole.groups[key] && cut.members[key] == whole.members[key],
          "\(key) claims to be read whole over a cut connection, but differs")
      }
    }
  }

  private static func cutWriting(_ world: ConformanceWorld) async throws {
    let (ada, bob, _) = try await threeMembers(world)
    let removals = [
      try await world.removal(ada, from: 0), try await world.removal(bob, from: 0),
    ]
    try await world.harness.cutConnection()
    do {
      for outcome in try await world.apply(removals) {
        try world.expect(
          !outcome.isDone, "a removal over a cut connection is reported as \(outcome.word)")
      }
    } catch let error as TargetError {
      try world.expect(!error.message.isEmpty, "the error must say what failed")
    }
  }
}
