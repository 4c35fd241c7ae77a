import AccessModel

extension TargetConformance {
  static let repeatedCases: [Case] = [
    Case("adding a member twice is quiet") { world in
      let ada = try await world.account(of: world.ada)
      try await repeated(world, try await world.addition(ada, to: 0))
    },
    Case("removing a member twice is quiet") { world in
      let (ada, _, _) = try await threeMembers(world)
      try await repeated(world, try await world.removal(ada, from: 0))
    },
    Case("creating an account twice is quiet and gives the same identity") { world in
      guard world.keepsAnchors else { return try await repeatedWithoutAnchor(world) }
      try await repeated(world, world.creation(of: world.ada))
    },
    Case("disabling an account twice is quiet") { world in
      guard let rule = world.harness.disableRule else { return }
      let ada = try await world.account(of: world.ada)
      try await repeated(world, .disableAccount(ada, rule, because: world.ended))
    },
    Case("deleting an account twice is quiet") { world in
      let ada = try await world.disabled(try await world.account(of: world.ada))
      try await repeated(world, .deleteAccount(ada, because: world.ended))
    },
  ]

  /// What cannot be told from somebody else's account is left alone.
  private static func repeatedWithoutAnchor(_ world: ConformanceWorld) async throws {
    let creation = world.creation(of: world.ada)
    try world.expectDone(try await world.apply(creation), "creating an account")
    let before = try await world.read()
    try world.expectRefused(try await world.apply(creation), "creating it again")
    try world.expect(try await world.read() == before, "the second creation had an effect")
  }

  private static func repeated(_ world: ConformanceWorld, _ change: Change) async throws {
    let before = try await world.read()
    let first = try await world.apply(change)
    try world.expectDone(first, "the first \(change.kind)")
    let between = try await world.read()
    try world.expect(between != before, "the first \(change.kind) had no effect")
    let second = try await world.apply(change)
    try world.expectDone(second, "the second \(change.kind)")
    if world.harness.tellsRepetition {
      try world.expect(
        second.word == Outcome.alreadyInState().word,
        "the second \(change.kind) must be already in state, but is \(second.word)")
    }
    if let identity = first.identity {
      try world.expect(
        second.identity == identity, "the second \(change.kind) gives another identity, or none")
    }
    try world.expect(
      try await world.read() == between, "the second \(change.kind) had an effect")
  }
}
