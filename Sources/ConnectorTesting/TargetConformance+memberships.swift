import AccessModel

extension TargetConformance {
  static let membershipCases: [Case] = [
    Case("added members read back, and nobody else", addedMembers),
    Case("removing one member leaves the others", removedMember),
    Case("removing the last member is done, or refused clearly", lastMember),
    Case("one refused change leaves the rest applied", refusedChange),
    Case("a group recreated under the same name is refused", recreatedGroup),
  ]

  private static func addedMembers(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let bob = try await world.account(of: world.bob)
    let eve = try await world.account(of: world.eve)
    let additions = [
      try await world.addition(ada, to: 0), try await world.addition(bob, to: 0),
      try await world.addition(eve, to: 1),
    ]
    for outcome in try await world.apply(additions) {
      try world.expectDone(outcome, "adding a member")
    }
    try await world.expectMembers([ada, bob], of: 0)
    try await world.expectMembers([eve], of: 1)
  }

  private static func removedMember(_ world: ConformanceWorld) async throws {
    let (ada, bob, eve) = try await threeMembers(world)
    try world.expectDone(
      try await world.apply(try await world.removal(ada, from: 0)), "removing a member")
    try await world.expectMembers([bob, eve], of: 0)
  }

  private static func lastMember(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    try world.expectDone(
      try await world.apply(try await world.addition(ada, to: 0)), "adding a member")
    let outcome = try await world.apply(try await world.removal(ada, from: 0))
    if outcome.isDone {
      try await world.expectMembers([], of: 0)
    } else {
      try world.expectRefused(outcome, "removing the last member")
      try await world.expectMembers([ada], of: 0)
    }
  }

  private static func refusedChange(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let bob = try await world.account(of: world.bob)
    let eve = try await world.account(of: world.eve)
    let refused = Change.addMember(
      try await world.harness.membershipToRefuse(bob), because: world.because)
    let changes = [
      try await world.addition(ada, to: 0), try await world.addition(eve, to: 0),
      try await world.addition(bob, to: 1), refused,
    ].sorted()
    try world.expect(
      changes.last != refused, "the harness must refuse a membership that others come after")
    for (change, outcome) in zip(changes, try await world.apply(changes)) {
      if change == refused {
        try world.expectRefused(outcome, "adding what the target does not take")
      } else {
        try world.expectDone(outcome, "adding a member beside a refused one")
      }
    }
    try await world.expectMembers([ada, eve], of: 0)
    try await world.expectMembers([bob], of: 1)
  }

  private static func recreatedGroup(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let former = try await world.groupID(0)
    try await world.harness.recreateGroup(world.harness.groups[0])
    try world.expect(
      try await world.groupID(0) != former, "a recreated group must read under another id")
    let addition = try await world.addition(ada, to: 0, id: former)
    let outcome = try await world.apply(addition)
    try world.expectRefused(outcome, "adding to a group that was recreated")
    try await world.expectMembers([], of: 0)
  }

  /// Ada, Bob and Eve, all in the first group.
  static func threeMembers(
    _ world: ConformanceWorld
  ) async throws -> (AccountReference, AccountReference, AccountReference) {
    let ada = try await world.account(of: world.ada)
    let bob = try await world.account(of: world.bob)
    let eve = try await world.account(of: world.eve)
    var additions: [Change] = []
    for account in [ada, bob, eve] {
      additions.append(try await world.addition(account, to: 0))
    }
    for outcome in try await world.apply(additions) {
      try world.expectDone(outcome, "adding a member")
    }
    return (ada, bob, eve)
  }
}
