import AccessModel

extension TargetConformance {
  static let accountCases: [Case] = [
    Case("a created account reads back with anchor, attributes and identity", createdAccount),
    Case("an update changes what it names and nothing else", updatedAccount),
    Case("a disabled account reads as disabled, and enabled again", disabledAccount),
    Case("a deleted account is gone from the next reading", deletedAccount),
  ]

  private static func createdAccount(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let snapshot = try await world.read()
    guard let account = snapshot.account(ada) else {
      throw ConformanceFailure("the created account does not read back under its identity")
    }
    try world.expect(
      account.anchor == (world.keepsAnchors ? world.ada : nil),
      "the anchor must be the subject id, but is \(account.anchor?.rawValue ?? "absent")")
    try world.expect(account.isEnabled, "a new account must be enabled")
    try world.expect(
      !account.identity.immutableID.isEmpty, "an account must have an immutable id")
    for (name, values) in world.harness.attributes(of: world.ada).sorted(by: { $0.key < $1.key }) {
      try world.expect(
        account.attributes[name] == values,
        "attribute \(name) must read \(values), but reads \(account.attributes[name])")
    }
    let naturalKey = world.harness.target.traits.naturalKeyAttribute
    try world.expect(
      account.naturalKey == world.harness.attributes(of: world.ada)[naturalKey]?.first,
      "the natural key must be the value of \(naturalKey)")
  }

  private static func updatedAccount(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let bob = try await world.account(of: world.bob)
    let before = try await world.read()
    let name = world.harness.freeAttribute
    let change = AttributeChange(
      name: name, before: before.account(ada)?.attributes[name] ?? [], after: ["Conformance"])
    try world.expectDone(
      try await world.apply(.updateAccount(ada, [change], because: world.because)),
      "updating an account")
    let after = try await world.read()
    try world.expect(
      after.account(ada)?.attributes[name] == ["Conformance"], "the update does not read back")
    try world.expect(
      after.account(bob) == before.account(bob), "the update changed another account")
    for other in world.harness.attributes(of: world.ada).keys where other != name {
      try world.expect(
        after.account(ada)?.attributes[other] == before.account(ada)?.attributes[other],
        "the update of \(name) changed \(other)")
    }
  }

  private static func disabledAccount(_ world: ConformanceWorld) async throws {
    guard let rule = world.harness.disableRule else { return }
    let ada = try await world.account(of: world.ada)
    let disabling = try await world.apply(.disableAccount(ada, rule, because: world.ended))
    try world.expectDone(disabling, "disabling an account")
    // A move gives it another key.
    let disabled = AccountReference(
      subject: world.ada, displayName: nil, identity: disabling.identity ?? ada.identity)
    guard let account = try await world.read().account(disabled) else {
      throw ConformanceFailure("a disabled account must still read under its identity")
    }
    try world.expect(!account.isEnabled, "a disabled account must read as disabled")
    try world.expect(
      account.anchor == (world.keepsAnchors ? world.ada : nil),
      "a disabled account must keep its anchor")
    let enabling = try await world.apply(
      .enableAccount(disabled, rule, [], because: world.because))
    try world.expectDone(enabling, "enabling an account")
    let enabled = AccountReference(
      subject: world.ada, displayName: nil, identity: enabling.identity ?? disabled.identity)
    try world.expect(
      try await world.read().account(enabled)?.isEnabled == true,
      "an enabled account must read as enabled")
  }

  private static func deletedAccount(_ world: ConformanceWorld) async throws {
    let ada = try await world.account(of: world.ada)
    let bob = try await world.account(of: world.bob)
    let disabled = try await world.disabled(ada)
    try world.expectDone(
      try await world.apply(.deleteAccount(disabled, because: world.ended)),
      "deleting a disabled account")
    let snapshot = try await world.read()
    try world.expect(snapshot.coverage.isComplete, "the reading must be complete")
    try world.expect(snapshot.account(ada) == nil, "a deleted account must not be read")
    try world.expect(snapshot.account(bob) != nil, "another account went with the deleted one")
  }
}
