import AccessModel

/// What is in a target, as the mapping and the assignments that would lead to just that.
///
/// Each group becomes an access package of its own, each account a subject, each membership an
/// assignment without an end. What cannot be said so is left out and named, never guessed.
struct Dump {
  struct Package {
    let id: String
    let name: String
    /// The group as the mapping names it; `nil` for the package of accounts without any group.
    let group: String?
  }

  struct Person {
    let id: SubjectID
    let attributes: [String: [String]]
    let displayName: String?
    let email: String?
  }

  let target: TargetID
  let accountAttributes: [String]
  let packages: [Package]
  let people: [Person]
  /// Positions in `people` and `packages`, sorted.
  let assignments: [(person: Int, package: Int)]
  /// What was left out and why, sorted.
  let omissions: [String]
  /// How many accounts have a subject's id already.
  let anchored: Int

  /// The attributes to read so that accounts can be described.
  static func attributes(_ survey: Survey) -> [String] {
    Set(survey.accountAttributes + [survey.displayNameAttribute])
      .union(survey.emailAttribute.map { [$0] } ?? []).sorted()
  }

  init(_ survey: Survey, _ state: ActualState) {
    var omissions = survey.unnameable
    target = state.target
    accountAttributes = survey.accountAttributes

    var people: [Person] = []
    var places = [Int?](repeating: nil, count: state.accounts.count)
    var anchored = 0
    let faults = Self.faults(of: state.accounts)
    for (position, account) in state.accounts.enumerated() {
      if let fault = faults[position] {
        omissions.append("\(account.key): \(fault)")
        continue
      }
      if account.anchor != nil { anchored += 1 }
      places[position] = people.count
      people.append(
        Person(
          id: account.anchor ?? SubjectID(account.identity.immutableID),
          attributes: Self.values(of: survey.accountAttributes, account),
          displayName: account.attributes[survey.displayNameAttribute].first ?? account.naturalKey,
          email: survey.emailAttribute.flatMap { account.attributes[$0].first }))
    }
    self.people = people
    self.anchored = anchored

    var packages: [Package] = []
    var packageOfGroup: [Int: Int] = [:]
    let titles = Dictionary(survey.groups.map { ($0.title, 1) }, uniquingKeysWith: +)
    for (position, group) in survey.groups.enumerated() {
      guard case .present(let id, .complete) = state.groups[position] else {
        omissions.append("\(group.name): \(Self.words(state.groups[position]))")
        continue
      }
      packageOfGroup[position] = packages.count
      let name = titles[group.title] == 1 ? group.title : group.name
      packages.append(Package(id: id, name: name, group: group.name))
    }

    var assignments: [(person: Int, package: Int)] = []
    var foreign: [Int: Int] = [:]
    for membership in state.memberships.sorted {
      guard let package = packageOfGroup[membership.group] else { continue }
      if membership.account < places.count, let person = places[membership.account] {
        assignments.append((person, package))
      } else {
        foreign[membership.group, default: 0] += 1
      }
    }
    for (group, count) in foreign {
      omissions.append(
        "\(survey.groups[group].name): \(count) member\(count == 1 ? "" : "s") that are no account "
          + "of the target; they stay, and are listed as foreign")
    }
    let inGroups = Set(assignments.map(\.person))
    let alone = people.indices.filter { !inGroups.contains($0) }
    if !alone.isEmpty {
      let package = packages.count
      packages.append(
        Package(id: "accounts-\(target)", name: "Account in \(target)", group: nil))
      assignments += alone.map { ($0, package) }
    }
    self.packages = packages
    self.assignments = assignments.sorted { $0 < $1 }
    self.omissions = omissions.sorted()
  }

  /// Of accounts that no subject could be linked to without guessing, the reason.
  private static func faults(of accounts: [ActualAccount]) -> [Int: String] {
    var faults: [Int: String] = [:]
    var byAnchor: [SubjectID: [Int]] = [:]
    var byName: [String: [Int]] = [:]
    for (position, account) in accounts.enumerated() {
      guard let name = account.naturalKey else {
        faults[position] = "it lacks the attribute that accounts are named by"
        continue
      }
      byName[name.lowercased(), default: []].append(position)
      if let anchor = account.anchor { byAnchor[anchor, default: []].append(position) }
    }
    for position in byName.values.filter({ $0.count > 1 }).joined() {
      faults[position] = "another account has its name"
    }
    for position in byAnchor.values.filter({ $0.count > 1 }).joined() {
      faults[position] = "another account carries the same subject's id"
    }
    return faults
  }

  private static func values(
    of names: [String], _ account: ActualAccount
  ) -> [String: [String]] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, account.attributes[$0]) })
  }

  private static func words(_ group: ActualGroup) -> String {
    switch group {
    case .missing: "it is no longer there"
    case .unreadable(let reason): reason
    case .present(_, .partial(let reason)): reason
    case .present(_, .complete): "read"
    }
  }
}
