import AccessModel
import Expressions

/// Who needs what in one target: filled from assignments, then turned into the desired state.
///
/// People and groups are known by position, so that a million assignments hash no text.
struct Demand {
  /// A package rule with the groups it gives in this target.
  struct Rule {
    let package: PackageRule
    let groups: [Int32]
  }

  struct Person {
    let id: SubjectID
    /// As the sources describe them, one description for each record that needs the account.
    var descriptions: [(source: SourceID, subject: Subject)] = []
    /// The assignments that need the account, by position, ascending.
    var because: [Int32] = []
    var hold: String?
  }

  /// One assignment asks for one membership.
  struct Row {
    let group: Int32
    let person: Int32
    let assignment: Int32
  }

  let target: TargetID
  let accountsRule: AccountsRule?
  let groups: [DesiredGroup]
  private let rules: [Rule]
  private let index: PackageIndex
  private(set) var people: [Person] = []
  private var positions: [SubjectID: Int32] = [:]
  /// The assignments that need anything here, sorted.
  private(set) var assignments: [AssignmentReference] = []
  private(set) var rows: ContiguousArray<Row> = []
  let patterns = PatternCache()

  init(of target: TargetID, in mappings: MappingSet) {
    let groups = mappings.groups[target] ?? []
    let places = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1.key, Int32($0)) })
    self.target = target
    self.groups = groups
    accountsRule = mappings.accounts.first { $0.target == target }
    rules = mappings.packages.compactMap { rule in
      let entitlements = rule.entitlements.filter { $0.target == target }
      guard !entitlements.isEmpty else { return nil }
      let groups = entitlements.compactMap { entitlement -> Int32? in
        guard case .group(let key) = entitlement.object else { return nil }
        return places[key]
      }
      return Rule(package: rule, groups: groups)
    }
    index = PackageIndex(rules.map(\.package))
  }

  /// Sources must come in the order of their ids, so that `assignments` comes out sorted.
  mutating func collect(_ live: LiveAssignments, catalogs: [String: Set<String>]) {
    let reading = live.reading
    let applicable = reading.packages.map { package in
      index.positions(for: package).map { rules[$0] }
    }
    let ambiguities = reading.packages.map { package in
      ambiguity(of: package, in: catalogs[package.name, default: []])
    }
    var persons = [Int32](repeating: -1, count: reading.subjects.count)

    for position in live.positions {
      let assignment = reading.assignments[Int(position)]
      let subject = reading.subjects[Int(assignment.subject)]
      let granted = granted(
        to: subject, by: applicable[Int(assignment.package)],
        ambiguity: ambiguities[Int(assignment.package)])
      guard let granted else { continue }
      if persons[Int(assignment.subject)] < 0 {
        let person = person(subject.id)
        persons[Int(assignment.subject)] = person
        people[Int(person)].descriptions.append((reading.source, subject))
      }
      let person = persons[Int(assignment.subject)]
      let index = Int32(assignments.count)
      assignments.append(reading.reference(assignment))
      people[Int(person)].because.append(index)
      for group in granted { rows.append(Row(group: group, person: person, assignment: index)) }
    }
  }

  /// The groups that rules give a subject; `nil` if none of them applies. Holds the subject where that
  /// cannot be told.
  private mutating func granted(
    to subject: Subject, by rules: [Rule], ambiguity: String?
  ) -> [Int32]? {
    var groups: [Int32]?
    for rule in rules {
      do throws(Untold) {
        if let ambiguity, rule.package.match.needsCatalog {
          throw Untold(reason: "\(ambiguity) at \(rule.package.location)")
        }
        if try isMet(rule.package.condition, by: subject) {
          groups = (groups ?? []) + rule.groups
        }
      } catch {
        hold(subject.id, because: error.reason)
      }
    }
    return groups
  }

  /// Why it cannot be told whether a rule applies.
  private struct Untold: Error {
    let reason: String
  }

  private func isMet(
    _ condition: LocatedExpression?, by subject: Subject
  ) throws(Untold) -> Bool {
    guard let condition else { return true }
    do {
      return try condition.expression.isTrue(patterns: patterns) { subject.attributes[$0] }
    } catch {
      throw Untold(reason: "'when' at \(condition.location): \(error)")
    }
  }

  private func ambiguity(of package: AccessPackage, in catalogs: Set<String>) -> String? {
    guard catalogs.count > 1 else { return nil }
    let names = catalogs.sorted().map { "'\($0)'" }.joined(separator: " and ")
    return "access package '\(package.name)' is in the catalogs \(names), and no 'catalog' is given"
  }

  private mutating func hold(_ subject: SubjectID, because reason: String) {
    let person = Int(person(subject))
    people[person].hold = people[person].hold ?? reason
  }

  private mutating func person(_ subject: SubjectID) -> Int32 {
    if let position = positions[subject] { return position }
    let position = Int32(people.count)
    positions[subject] = position
    people.append(Person(id: subject))
    return position
  }
}

extension PackageRule.Match {
  /// A name alone may mean packages in several catalogs.
  var needsCatalog: Bool { id == nil && catalog == nil }
}
