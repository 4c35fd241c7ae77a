import AccessModel
import ConnectorTesting
import Planning
import Testing

/// Laws that hold for every world, tried on a few hundred made from seeds.
@Suite struct PlanLawTests {
  struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 33)
    }
  }

  func world(_ seed: UInt64) -> World {
    var random = Seeded(state: seed)
    var world = World()
    let groups: [EntitlementKey] = ["g", "h", "i"]
    world.groups = groups.map { DesiredGroup(key: $0) }
    var reading: [FakeAssignment] = []
    for index in 0..<8 {
      let subject = SubjectID("s\(index)")
      world.addAccount(subject, isOwned: Bool.random(using: &random))
      for group in groups {
        let id = AssignmentID("a-\(subject)-\(group)")
        let end = Bool.random(using: &random) ? World.day(.random(in: -5...5, using: &random)) : nil
        if end.map({ $0 > world.now }) ?? true, Bool.random(using: &random) {
          world.desired.append((subject, group, id))
          reading.append(FakeAssignment(id, subject: subject, package: "p", end: end))
        }
        if Bool.random(using: &random) {
          world.members.append((group, AccountKey("uid=\(subject)")))
        }
        if Bool.random(using: &random) {
          world.known.append(World.known(id, subject: subject, end: end))
          world.owned.append(
            World.Owned(group: group, subject: subject, because: [World.reference(id)]))
        } else if Bool.random(using: &random) {
          world.known.append(World.known(id, subject: subject, end: end))
          world.ended.append(
            Tombstones.Membership(
              group: group, subject: subject, origin: .created, because: [World.reference(id)],
              endedAt: World.day(-1), changedAt: World.second(.random(in: 0...9, using: &random))))
        }
      }
    }
    for group in groups {
      world.ownedGroups.append(
        Ownership.Group(key: group, immutableID: "id-\(group)", origin: .preExisting))
      world.changedAt[group] = .random(in: 0...9, using: &random)
    }
    world.reading = .success(reading)
    if seed % 3 == 0 { world.readingCoverage = .partial(reason: "cut") }
    return world
  }

  /// The world after the plan was carried out.
  private func applied(_ plan: Plan, to world: World) -> World {
    var world = world
    for change in plan.changes {
      let key = change.account?.identity?.key ?? AccountKey("uid=\(change.account?.subject ?? "")")
      let subject = change.account?.subject ?? ""
      switch change {
      case .addMember(let membership, let reason):
        world.members.append((membership.group, key))
        world.owned.removeAll { $0.group == membership.group && $0.subject == subject }
        world.owned.append(
          World.Owned(group: membership.group, subject: subject, because: reason.assignments))
      case .removeMember(let membership, _):
        world.members.removeAll { $0 == membership.group && $1 == key }
        world.owned.removeAll { $0.group == membership.group && $0.subject == subject }
      case .createAccount: world.addAccount(subject)
      case .disableAccount(_, _, let ending):
        for index in world.accounts.indices where world.accounts[index].key == key {
          world.accounts[index].isEnabled = false
        }
        world.ownedAccounts = world.ownedAccounts.map { row in
          guard row.subject == subject else { return row }
          return Ownership.Account(
            subject: subject, identity: row.identity, origin: row.origin, because: row.because,
            disabledAt: world.now, disabledBecause: ending)
        }
      case .updateAccount, .enableAccount, .deleteAccount, .createGroup: break
      }
    }
    for note in plan.notes {
      switch note {
      case .membership(let group, let subject, let origin, let because):
        world.owned.removeAll { $0.group == group && $0.subject == subject }
        world.owned.append(
          World.Owned(group: group, subject: subject, because: because, origin: origin))
      case .membershipGone(let group, let subject, _):
        world.owned.removeAll { $0.group == group && $0.subject == subject }
      case .account, .accountGone, .group: break
      }
    }
    return world
  }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func `after a plan is applied the next one is empty`(seed: UInt64) {
    let before = world(seed)
    let plan = before.plan
    let after = applied(plan, to: before).plan
    #expect(after.changes == [], "\(after.changes) after \(plan.changes)")
  }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func `shuffled input gives the same plan`(seed: UInt64) {
    let world = world(seed)
    var random = Seeded(state: seed &+ 1)
    var shuffled = world
    shuffled.desired.shuffle(using: &random)
    shuffled.members.shuffle(using: &random)
    shuffled.owned.shuffle(using: &random)
    shuffled.known.shuffle(using: &random)
    shuffled.accounts.shuffle(using: &random)
    shuffled.reading = shuffled.reading.map { $0.shuffled(using: &random) }
    #expect(shuffled.plan == world.plan)
  }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func `an unrelated assignment never removes anything`(seed: UInt64) {
    let world = world(seed)
    var more = world
    more.groups.append(DesiredGroup(key: "unrelated"))
    more.desired.append(("newcomer", "unrelated", "a-new"))
    more.reading = more.reading.map {
      $0 + [FakeAssignment("a-new", subject: "newcomer", package: "p")]
    }
    let removed = Set(world.lines.filter { !$0.hasPrefix("add") && !$0.hasPrefix("create") })
    #expect(Set(more.lines).isSuperset(of: removed))
    #expect(more.lines.count == world.lines.count + 2)
  }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func `nothing that is not ours is ever removed, and every removal has its evidence`(seed: UInt64)
  {
    let world = world(seed)
    for case .removeMember(let membership, let ending) in world.plan.changes {
      let row = world.owned.first {
        $0.group == membership.group && $0.subject == membership.account.subject
      }
      let ended = world.ended.first {
        $0.group == membership.group && $0.subject == membership.account.subject
      }
      let second = world.changedAt[membership.group].map(World.second)
      #expect(row != nil || ended?.isAfter(second) == true)
      if let assignment = ending.assignment {
        #expect((row?.because ?? ended?.because)?.contains(assignment) == true)
      }
      if seed % 3 == 0 { #expect(ending.cause.standsAlone) }
    }
  }
}
