import ConnectorTesting
import Foundation

/// Three states that follow each other in a circle, so that a run from one to the next adds, removes,
/// updates, disables, enables, deletes and creates.
enum FaultScript: String, CaseIterable, Sendable {
  /// Two move from one group to the other, two leave everything, one gets another name.
  case leave
  /// One who left returns, the account of the other is due for deletion.
  case delete
  /// Everybody is back.
  case restore = "return"

  /// Besides the groups of the packages, one that nobody has business with; in all of them a member
  /// who is not ours.
  static let groups =
    (World.groups + ["quiet"]).map { name in
      """
      dn: cn=\(name),ou=groups,dc=example,dc=org
      objectClass: groupOfNames
      member: cn=nobody,dc=example,dc=org
      member: uid=vera,ou=guests,dc=example,dc=org

      """
    }.joined(separator: "\n") + """

      dn: uid=vera,ou=guests,dc=example,dc=org
      objectClass: inetOrgPerson
      uid: vera
      cn: Vera of the staff
      sn: Vera

      """

  /// Which run comes before this one.
  var previous: FaultScript {
    switch self {
    case .leave: .restore
    case .delete: .leave
    case .restore: .delete
    }
  }

  /// Who holds what when it is done. Everybody named has an account that is not disabled.
  private var holders: [String: Set<String>] {
    switch self {
    case .leave: ["lab": ["jon"], "archive": ["ines"], "gate": ["lea"]]
    case .delete: ["lab": ["jon", "kai"], "archive": ["ines"], "gate": ["lea"]]
    case .restore:
      ["lab": ["ines", "kai", "noa"], "archive": ["jon", "kai"], "gate": ["lea", "noa"]]
    }
  }

  /// The assignments that make it so. What was held before and is not now has ended.
  var records: [Record] {
    let wanted = holders
    var records: [Record] = []
    for (package, group) in [("Lab", "lab"), ("Archive", "archive"), ("Gate", "gate")] {
      for login in ["ines", "jon", "kai", "lea", "noa"] {
        let holds = wanted[group]?.contains(login) ?? false
        let everHolds = Self.allCases.contains { $0.holders[group]?.contains(login) ?? false }
        guard everHolds else { continue }
        var record = Record(login, package, state: holds ? "delivered" : "expired")
        if self == .restore, login == "lea" { record.name = "Lea Renamed" }
        records.append(record)
      }
    }
    return records
  }

  /// What a target holds when it is done; the wiki does not have the gate.
  func holding(inDirectory: Bool) -> Holding {
    var groups = holders
    if !inDirectory { groups["gate"] = nil }
    let active = groups.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    for name in groups.keys { groups[name]?.insert("vera") }
    if inDirectory { groups["quiet"] = ["vera"] }
    return Holding(groups: groups, active: active)
  }
}

/// Who is in which group, by login, and whose account is not disabled.
struct Holding: Equatable, Sendable {
  var groups: [String: Set<String>]
  /// Ours alone.
  var active: Set<String>

  /// What is wrong if this was found after a run from `before` to `after` that may have stopped
  /// anywhere.
  func faults(from before: Holding, to after: Holding) -> [String] {
    var faults: [String] = []
    for name in after.groups.keys.sorted() {
      let found = groups[name] ?? []
      let (old, new) = (before.groups[name] ?? [], after.groups[name] ?? [])
      let lost = old.intersection(new).subtracting(found).sorted()
      if !lost.isEmpty { faults.append("\(name) lost \(lost), which nothing asked for") }
      let gained = found.subtracting(old.union(new)).sorted()
      if !gained.isEmpty { faults.append("\(name) gained \(gained), which nothing asked for") }
    }
    let lost = before.active.intersection(after.active).subtracting(active).sorted()
    if !lost.isEmpty { faults.append("\(lost) lost their accounts, which nothing asked for") }
    return faults
  }
}

extension World.Snapshot {
  /// As the directory has it.
  var directoryHolding: Holding {
    var groups: [String: Set<String>] = [:]
    var active: Set<String> = []
    for entry in directory.components(separatedBy: "\n\n") {
      let lines = entry.split(separator: "\n")
      guard let name = lines.first.map({ Self.leaf($0.dropFirst("dn: ".count)) }) else { continue }
      if entry.contains("\nobjectClass: groupOfNames") {
        let members = lines.filter { $0.hasPrefix("member: uid=") }
        groups[name] = Set(members.map { Self.leaf($0.dropFirst("member: ".count)) })
      } else if lines.contains("employeeType: guest") {
        active.insert(name)
      }
    }
    return Holding(groups: groups, active: active)
  }

  private static func leaf(_ name: Substring) -> String {
    String(name.drop { $0 != "=" }.dropFirst().prefix { $0 != "," })
  }

  /// As the wiki has it.
  var wikiHolding: Holding {
    var logins: [JSON: String] = [:]
    var active: Set<String> = []
    for user in wiki where user["userName"] != .null {
      let login = String(user["userName"].text?.prefix { $0 != "@" } ?? "?")
      logins[user["id"]] = login
      if user["active"] != false, login != "vera" { active.insert(login) }
    }
    var groups: [String: Set<String>] = [:]
    for group in wiki where group["userName"] == .null {
      groups[group["displayName"].text?.lowercased() ?? "?"] = Set(
        group["members"].items.map { logins[$0["value"], default: "?"] })
    }
    return Holding(groups: groups, active: active)
  }

  /// What no run may write: the account of somebody else, the group of somebody else, and an account
  /// of ours of which nothing changes. With their versions.
  var untouchables: [JSON] {
    let names = ["uid=vera,ou=guests", "cn=quiet,ou=groups", "uid=ines,ou=guests"]
    let users = wiki.filter {
      $0["userName"].text.map { $0.hasPrefix("vera@") || $0.hasPrefix("ines@") } ?? false
    }
    return names.map { .text(entry("\($0),dc=example,dc=org") ?? "\($0) is gone") } + users
  }
}
