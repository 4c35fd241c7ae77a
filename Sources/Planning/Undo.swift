package import AccessModel

/// The wish to take back what one run did.
package struct Undo: Sendable {
  /// What the run did or may have done, in any order.
  package let entries: [JournalEntry]
  /// What other runs did to the same targets later.
  package let later: [JournalEntry]
  /// Who wants it and why.
  package let ending: Ending

  package init(entries: [JournalEntry], later: [JournalEntry], ending: Ending) {
    self.entries = entries
    self.later = later
    self.ending = ending
  }
}

/// A change of a run that is not taken back.
package struct Kept: Hashable, Comparable, Sendable {
  package let change: Change
  package let reason: String
  /// It is so already; nobody has anything to do.
  package let isSettled: Bool

  package static func < (left: Self, right: Self) -> Bool { left.change < right.change }
}

/// What an undo comes to in one target.
package struct Undoing: Sendable {
  /// The whole plan, in which what takes the run back is as the operator wants it.
  package let plan: Plan
  /// The part of it that takes the run back.
  package let wanted: Set<Change>
  /// Sorted.
  package let kept: [Kept]
}

extension Undo {
  /// Finds the inverse of the run in the plan that turns what is into what should be. Nothing that
  /// the plan does not justify is undone: what a live assignment asks for stays, what none asks for
  /// does not come back.
  ///
  /// | the run did            | taken back by                 | kept if                           |
  /// |------------------------|-------------------------------|-----------------------------------|
  /// | + member               | − member, `operator`          | asked for, held, not ours         |
  /// | − member               | + member                      | no live assignment asks for it    |
  /// | created, enabled       | disabled, `operator`          | asked for, held                   |
  /// | disabled               | enabled                       | no live assignment needs it       |
  /// | deleted                | created anew, with another id | no live assignment needs it       |
  /// | set attributes         | set to what is mapped now     | the mapping still gives the value |
  /// | created a group        | –                             | always                            |
  package func undoing(in plan: Plan, desired: DesiredState) -> Undoing {
    var search = UndoSearch(self, plan, desired)
    for entry in entries where entry.target == plan.target { search.invert(entry) }
    search.addWhatOthersNeed()
    var whole = plan
    whole.changes = plan.changes.map { search.replaced[$0] ?? $0 }.sorted()
    return Undoing(plan: whole, wanted: search.wanted, kept: Set(search.kept).sorted())
  }
}

/// The work in progress on one target.
private struct UndoSearch {
  /// What a change is about.
  struct Object: Hashable {
    let group: EntitlementKey?
    let subject: SubjectID?
  }

  let undo: Undo
  let plan: Plan
  let desired: DesiredState
  private var planned: [Object: [Change]] = [:]
  private var holds: [Object: String] = [:]
  private var later: [Object: JournalEntry] = [:]
  private var subjects: [SubjectID: Int] = [:]
  private var groups: [EntitlementKey: Int] = [:]
  var wanted: Set<Change> = []
  /// Changes of the plan by those that stand in for them.
  var replaced: [Change: Change] = [:]
  var kept: [Kept] = []

  init(_ undo: Undo, _ plan: Plan, _ desired: DesiredState) {
    (self.undo, self.plan, self.desired) = (undo, plan, desired)
    for change in plan.changes { planned[Self.object(change), default: []].append(change) }
    for hold in plan.holds where hold.group != nil || hold.subject != nil {
      let object = Object(group: hold.group, subject: hold.subject)
      holds[object] = holds[object] ?? hold.reason
    }
    for entry in undo.later where entry.target == plan.target && Self.mayHaveHappened(entry) {
      let object = Self.object(entry.change)
      if later[object].map({ $0.id.rawValue < entry.id.rawValue }) ?? true { later[object] = entry }
    }
    for (position, account) in desired.accounts.enumerated() {
      subjects[account.subject] = position
    }
    for (position, group) in desired.groups.enumerated() { groups[group.key] = position }
  }

  static func object(_ change: Change) -> Object {
    Object(group: change.group, subject: change.account?.subject)
  }

  /// An outcome that is not known may have been one: what is there now tells.
  static func mayHaveHappened(_ entry: JournalEntry) -> Bool {
    switch entry.outcome {
    case nil, "applied", "unknown": true
    default: false
    }
  }

  mutating func invert(_ entry: JournalEntry) {
    guard Self.mayHaveHappened(entry) else { return }
    let object = Self.object(entry.change)
    guard object.subject != nil || entry.change.kind == "createGroup" else {
      return keep(entry, "nobody we know: put it back by hand if it is missed")
    }
    if let other = later[object] {
      return other.change.takesBack(entry.change)
        ? keep(entry, "run \(other.run) took it back", isSettled: true)
        : keep(entry, "run \(other.run) changed it again; undo that one first")
    }
    switch entry.change {
    case .addMember: invertGrant(entry, object, by: "removeMember")
    case .createAccount, .enableAccount:
      invertGrant(entry, object, by: "disableAccount")
    case .removeMember: invertRemoval(entry, object, by: "addMember")
    case .disableAccount: invertRemoval(entry, object, by: "enableAccount")
    case .deleteAccount: invertRemoval(entry, object, by: "createAccount")
    case .updateAccount(_, let attributes, _): invertUpdate(entry, object, attributes)
    case .createGroup:
      keep(entry, "groups are never deleted; delete it by hand once it is empty")
    }
  }

  private mutating func keep(_ entry: JournalEntry, _ reason: String, isSettled: Bool = false) {
    kept.append(Kept(change: entry.change, reason: reason, isSettled: isSettled))
  }

  /// Something was given: it goes unless it is asked for.
  private mutating func invertGrant(
    _ entry: JournalEntry, _ object: Object, by kind: String
  ) {
    if let change = planned[object]?.first(where: { $0.kind == kind }) {
      let asWanted =
        change.ending?.cause.isLimited == true ? change.ending(with: undo.ending) : change
      replaced[change] = asWanted
      wanted.insert(asWanted)
    } else if let assignments = justification(of: object) {
      let names = assignments.prefix(3).map(\.description).joined(separator: ", ")
      let more = assignments.count > 3 ? " and \(assignments.count - 3) more" : ""
      keep(
        entry,
        "\(names)\(more) asks for it; end that assignment, or change the mapping, first")
    } else if let reason = whyHeld(object) {
      keep(entry, "held: \(reason)")
    } else if object.group == nil {
      keep(entry, "it is disabled, gone or not ours any more", isSettled: true)
    } else {
      keep(entry, "it is gone or not ours any more", isSettled: true)
    }
  }

  /// Something was taken: it comes back if it is asked for.
  private mutating func invertRemoval(
    _ entry: JournalEntry, _ object: Object, by kind: String
  ) {
    if let change = planned[object]?.first(where: { $0.kind == kind }) {
      wanted.insert(change)
      if case .deleteAccount = entry.change {
        keep(
          entry, "it is created anew, under another id and without what others had put into it",
          isSettled: true)
      }
    } else if let reason = whyHeld(object) {
      keep(entry, "held: \(reason)")
    } else if justification(of: object) != nil {
      keep(entry, "it is there again", isSettled: true)
    } else {
      let why = entry.change.ending.map { "; it went because: \($0)" } ?? ""
      keep(entry, "no live assignment asks for it\(why)")
    }
  }

  private mutating func invertUpdate(
    _ entry: JournalEntry, _ object: Object, _ attributes: [AttributeChange]
  ) {
    let update = planned[object]?.first { $0.kind == "updateAccount" }
    for attribute in attributes {
      let one = JournalEntry(
        id: entry.id, run: entry.run, target: entry.target,
        change: entry.change.setting([attribute]), intendedAt: entry.intendedAt,
        outcome: entry.outcome, detail: nil, settledAt: nil)
      if let update,
        let now = update.attributeChanges.first(where: { isSame($0.name, attribute.name) })
      {
        // Its `before` is what was read just now: someone else's value is not taken for ours.
        guard sameValues(now.before, attribute.after) else {
          keep(one, "\(attribute.name) was changed since by someone else")
          continue
        }
        wanted.insert(update)
      } else if let reason = whyHeld(object) {
        keep(one, "held: \(reason)")
      } else if let position = object.subject.flatMap({ subjects[$0] }),
        desired.accountRule?.attributes.contains(where: { isSame($0, attribute.name) }) ?? false
      {
        let value = desired.accounts[position].attributes[attribute.name]
        keep(
          one,
          sameValues(value, attribute.after)
            ? "the mapping still gives \(attribute.name) this value; change the mapping or the "
              + "source first" : "\(attribute.name) has another value already",
          isSettled: !sameValues(value, attribute.after))
      } else {
        keep(one, "no mapping sets \(attribute.name) any more; set it back by hand")
      }
    }
  }

  private func isSame(_ left: String, _ right: String) -> Bool {
    left.lowercased() == right.lowercased()
  }

  private func sameValues(_ left: [String], _ right: [String]) -> Bool {
    func bytes(_ values: [String]) -> Set<Identifier<Undo>> { Set(values.map { Identifier($0) }) }
    return bytes(left) == bytes(right)
  }

  /// The live assignments that ask for a membership or an account now.
  private func justification(of object: Object) -> [AssignmentReference]? {
    guard let account = object.subject.flatMap({ subjects[$0] }) else { return nil }
    guard let group = object.group else { return desired.accounts[account].because }
    guard let position = groups[group] else { return nil }
    return desired.memberships.position(of: MembershipIndex(group: position, account: account))
      .map { desired.reasons[$0] }
  }

  private func whyHeld(_ object: Object) -> String? {
    holds[object] ?? object.group.flatMap { holds[Object(group: $0, subject: nil)] }
      ?? object.subject.flatMap { holds[Object(group: nil, subject: $0)] }
  }

  /// The accounts and groups without which what comes back could not be written.
  mutating func addWhatOthersNeed() {
    let additions = wanted.filter { $0.kind == "addMember" }
    let groups = Set(additions.compactMap(\.group))
    let subjects = Set(additions.compactMap { $0.account?.subject })
    for change in plan.changes {
      switch change {
      case .createGroup(let key, _) where groups.contains(key): wanted.insert(change)
      case .createAccount(let account, _, _), .enableAccount(let account, _, _, _):
        if let subject = account.subject, subjects.contains(subject) { wanted.insert(change) }
      default: continue
      }
    }
  }
}

extension Change {
  /// The same removal for another cause; anything else as it is.
  fileprivate func ending(with ending: Ending) -> Change {
    switch self {
    case .removeMember(let membership, _): .removeMember(membership, because: ending)
    case .disableAccount(let account, let rule, _):
      .disableAccount(account, rule, because: ending)
    case .deleteAccount(let account, _): .deleteAccount(account, because: ending)
    case .createAccount, .updateAccount, .enableAccount, .createGroup, .addMember: self
    }
  }

  /// Whether it is the opposite of an earlier change to the same thing.
  fileprivate func takesBack(_ other: Change) -> Bool {
    switch (self, other) {
    case (.addMember, .removeMember), (.removeMember, .addMember),
      (.disableAccount, .createAccount), (.disableAccount, .enableAccount),
      (.deleteAccount, .createAccount), (.enableAccount, .disableAccount),
      (.createAccount, .deleteAccount):
      true
    default: false
    }
  }

  /// The same update of some attributes only; anything else as it is.
  fileprivate func setting(_ attributes: [AttributeChange]) -> Change {
    guard case .updateAccount(let account, _, let reason) = self else { return self }
    return .updateAccount(account, attributes, because: reason)
  }
}
