import AccessModel
import Expressions
import Legibility

extension Demand {
  /// What an accounts rule makes of one person.
  private struct Description {
    /// One list for each attribute of the accounts rule.
    var values: [[String]] = []
    var naturalKey: String?
    var hold: String?
  }

  func desiredState(naturalKey: String) -> DesiredState {
    var descriptions = people.map { description(of: $0, naturalKey: naturalKey) }
    let order = people.indices.sorted { people[$0].id < people[$1].id }
    let ids = people.map { Optional($0.id.rawValue) }
    holdCollisions(of: ids, called: "id", in: order, &descriptions)
    holdCollisions(
      of: descriptions.map(\.naturalKey), called: "'\(naturalKey)'", in: order, &descriptions)

    let shape = Attributes.Shape(accountsRule?.attributes.map(\.name) ?? [])
    var places = [Int32](repeating: -1, count: people.count)
    var accounts: [DesiredAccount] = []
    var holds: [SubjectID: String] = [:]
    for index in order {
      let person = people[index]
      if let reason = descriptions[index].hold {
        holds[person.id] = reason
        continue
      }
      places[index] = Int32(accounts.count)
      accounts.append(
        DesiredAccount(
          subject: person.id, displayName: person.displayName,
          attributes: Attributes(shape: shape, values: descriptions[index].values),
          because: person.because.map { assignments[Int($0)] }))
    }

    let (memberships, reasons) = memberships(of: places)
    return DesiredState(
      target: target, groups: groups, accounts: accounts, memberships: memberships,
      reasons: reasons, holds: holds, accountRule: accountsRule?.rule)
  }

  /// The rows of everyone who has a place, the assignments for one membership together.
  private func memberships(of places: [Int32]) -> (MembershipSet, Justifications) {
    var asked: ContiguousArray<(membership: MembershipIndex, assignment: Int32)> = []
    asked.reserveCapacity(rows.count)
    for row in rows where places[Int(row.person)] >= 0 {
      let account = Int(places[Int(row.person)])
      asked.append((MembershipIndex(group: Int(row.group), account: account), row.assignment))
    }
    asked.sort { $0 < $1 }

    var memberships: ContiguousArray<MembershipIndex> = []
    var reasons = Justifications(assignments: assignments)
    var start = 0
    while start < asked.count {
      let membership = asked[start].membership
      var because: [Int32] = []
      var end = start
      while end < asked.count, asked[end].membership == membership {
        if because.last != asked[end].assignment { because.append(asked[end].assignment) }
        end += 1
      }
      memberships.append(membership)
      reasons.append(because)
      start = end
    }
    return (MembershipSet(memberships), reasons)
  }

  private func description(of person: Person, naturalKey: String) -> Description {
    var description = Description(hold: person.hold)
    if let fault = deception(in: person.id.rawValue) {
      description.hold = "its id \(fault)"
    }
    guard let rule = accountsRule else { return description }
    do throws(Unfit) {
      description.values = try values(of: person, by: rule)
      description.naturalKey = try key(naturalKey, in: description.values, by: rule)
    } catch {
      description.hold = description.hold ?? error.reason
    }
    return description
  }

  /// Why no account can be made.
  private struct Unfit: Error {
    let reason: String
  }

  /// Each of the person's descriptions must give the same, or the order of sources would decide.
  private func values(
    of person: Person, by rule: AccountsRule
  ) throws(Unfit) -> [[String]] {
    guard let first = person.descriptions.first else { return [] }
    let values = try values(of: first.subject, by: rule)
    for other in person.descriptions.dropFirst() where other.subject != first.subject {
      let others = try self.values(of: other.subject, by: rule)
      for (index, attribute) in rule.attributes.enumerated()
      where !isSame(values[index], others[index]) {
        let places =
          first.source == other.source
          ? "two records of \(first.source)" : "\(first.source) and \(other.source)"
        throw Unfit(reason: "\(places) give it different values of '\(attribute.name)'")
      }
    }
    return values
  }

  private func isSame(_ left: [String], _ right: [String]) -> Bool {
    left.elementsEqual(right) { $0.utf8.elementsEqual($1.utf8) }
  }

  private func values(
    of subject: Subject, by rule: AccountsRule
  ) throws(Unfit) -> [[String]] {
    var values: [[String]] = []
    for attribute in rule.attributes {
      switch attribute.source {
      case .constant(let constant): values.append(constant)
      case .expression(let located):
        do {
          let value = try located.expression.evaluate(patterns: patterns) {
            subject.attributes[$0]
          }
          // No target keeps an empty value, nor one twice.
          var seen: Set<Identifier<Attributes>> = []
          values.append(
            value.attributeValues.filter { !$0.isEmpty && seen.insert(Identifier($0)).inserted })
        } catch {
          throw Unfit(reason: "'\(attribute.name)' at \(located.location): \(error)")
        }
      }
    }
    return values
  }

  private func key(
    _ name: String, in values: [[String]], by rule: AccountsRule
  ) throws(Unfit) -> String? {
    let folded = name.lowercased()
    guard !values.isEmpty else { return nil }
    guard let index = rule.attributes.firstIndex(where: { $0.name.lowercased() == folded }) else {
      throw Unfit(reason: "the accounts rule at \(rule.location) does not set '\(name)'")
    }
    let place = "'\(name)' at \(rule.attributes[index].location)"
    guard let key = values[index].first else {
      throw Unfit(reason: "\(place) has no value, and an account must have one")
    }
    guard values[index].count == 1 else {
      throw Unfit(reason: "\(place) has \(values[index].count) values, and must have one")
    }
    if let fault = deception(in: key) { throw Unfit(reason: "\(place) \(fault)") }
    return key
  }

  /// Why an identifier cannot be what it looks like; `nil` if nothing speaks against it.
  private func deception(in identifier: String) -> String? {
    if let hidden = identifier.unicodeScalars.first(where: \.isHidden) {
      return "contains \(hidden.codePoint), which nobody can see"
    }
    let scripts = mixedScripts(in: identifier)
    return scripts.isEmpty
      ? nil : "mixes letters of \(scripts.joined(separator: " and ")), which look alike"
  }

  /// Holds everyone whose identifier could be taken for that of someone else.
  private func holdCollisions(
    of identifiers: [String?], called name: String, in order: [Int],
    _ descriptions: inout [Description]
  ) {
    var owners: [Identifier<Description>: Int] = [:]
    for index in order {
      guard let identifier = identifiers[index] else { continue }
      let key = Identifier<Description>(likeness(of: identifier))
      guard let owner = owners[key] else {
        owners[key] = index
        continue
      }
      for (one, other) in [(owner, index), (index, owner)] where descriptions[one].hold == nil {
        descriptions[one].hold =
          "its \(name) cannot be told apart from that of subject \(people[other].id)"
      }
    }
  }
}

extension Demand.Person {
  var displayName: String? { descriptions.lazy.compactMap(\.subject.displayName).first }
}
