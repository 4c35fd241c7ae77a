import AccessModel
import CMalloc
import Foundation
import LDAPClient
import LDAPTarget
import Secrets

// What Bellhop's LDAP target does alone, without sources, plan and ledger; the other side of
// Benchmarks/reference/ldap.c, with the same commands, and the same line at the end:
// `ldap-benchmark COMMAND URL DN PASSWORDFILE BASE [ARGUMENT…]`.

struct Usage {
  let wall = ContinuousClock.now
  let processor = Usage.processor()

  static func processor() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
  }

  /// Prints what was used since, as `ldap-reference` does.
  func report(wall: Duration? = nil) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let wall = wall ?? ContinuousClock.now - self.wall
    print(
      String(
        format: "%.4f\t%.4f\t%.1f", wall / .seconds(1), Usage.processor() - processor,
        Double(usage.ru_maxrss) / 1024))
  }
}

func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("ldap-benchmark: \(message)\n".utf8))
  exit(1)
}

// As the executable does (`Heaps`); the environment says otherwise.
if getenv("MALLOC_ARENA_MAX") == nil { _ = mallopt(M_ARENA_MAX, 2) }
let words = CommandLine.arguments
guard words.count > 5 else { stop("usage: see the head of main.swift") }
let (command, base) = (words[1], words[5])
let rest = Array(words.dropFirst(6))
let start = Usage()
let password = try Data(contentsOf: URL(fileURLWithPath: words[4]))
var configuration = LDAPTarget.Configuration(
  id: "corp", urls: [words[2]], bind: .simple(dn: words[3], password: Secret(Array(password))),
  accounts: .init(
    base: "ou=guests,\(base)", objectClasses: ["inetOrgPerson"], rdn: "uid",
    anchor: "employeeNumber"),
  groups: .init(base: base, objectClass: "groupOfNames", placeholder: "cn=nobody,\(base)"))
if command == "skip" || command == "repair" {
  let keep: Duration = rest.contains("keeping") ? .seconds(86_400) : .zero
  configuration.memory = .init(fullReading: .seconds(86_400), accounts: keep, path: rest.last) {
    Instant(microseconds: Int64(Date.now.timeIntervalSince1970 * 1e6))
  }
}
let target = try LDAPTarget(configuration)
let because = Reason(assignments: [.init(source: "bench", id: "1")])
let ended = Ending.expired(
  .init(source: "bench", id: "1"), end: .init(microseconds: 1_768_176_000_000_000))

/// `cn=g-00000` and so on, as many as scripts/bench says there are.
func groups(_ prefix: String, _ count: Int) throws -> [EntitlementKey] {
  try (0..<count).map {
    let number = String($0)
    let padded = String(repeating: "0", count: 5 - number.count) + number
    return try target.entitlementKey(for: "cn=g-\(padded),ou=\(prefix),\(base)")
  }
}

func read(_ groups: [EntitlementKey]) async throws -> ActualState {
  let state = try await target.readActualState(
    ManagedScope(
      groups: groups, attributes: ["cn", "employeeType", "mail", "sn", "uid"],
      disable: .set(["employeeType": ["disabled-guest"]])))
  guard state.coverage == .complete else { stop("\(state.coverage)") }
  return state
}

/// The accounts whose names the first lines of a file hold.
func accounts(_ state: ActualState, _ file: String, _ count: Int?) throws -> [AccountReference] {
  let names = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
  var known: [AccountKey: AccountIdentity] = [:]
  for account in state.accounts { known[account.identity.key] = account.identity }
  return names.prefix(count ?? names.count).map { name in
    AccountReference(
      subject: "s", displayName: nil, identity: known[AccountKey(name.lowercased())])
  }
}

func apply(_ changes: [Change]) async throws {
  let outcomes = try await target.apply(changes) { _ in }
  if let bad = outcomes.first(where: { !$0.isDone }) { stop("\(bad)") }
}

/// Takes a member out of a group by hand and waits until the doorbell has led to its return, over and
/// over; prints the time of the slowest repair as the wall time. `keeping` uses accounts again that
/// nothing was told of.
func repair(_ group: EntitlementKey, _ count: Int) async throws {
  let (rings, bell) = AsyncStream.makeStream(of: Ring.self)
  let listening = Task { await target.listen { bell.yield($0) } }
  var ring = rings.makeAsyncIterator()
  // Connecting rings once for what was missed.
  guard case .changed = await ring.next() else { stop("the server does not tell of changes") }
  let bind = LDAPConnection.Bind.simple(
    try DistinguishedName(parsing: words[3]), Secret(Array(password)))
  let hand = LDAPConnection(
    try LDAPConnection.Configuration(urls: [try LDAPURL(parsing: words[2])], bind: bind))
  try await hand.open()
  let name = try DistinguishedName(parsing: group.rawValue)
  let start = Usage()
  var took: [Duration] = []
  while took.count < count {
    let state = try await read([group])
    guard case .present(let id, _) = state.groups[0],
      let member = state.memberships.sorted.first(where: { $0.account < state.accounts.count })
    else { stop("\(group) has no member to lose") }
    let account = state.accounts[member.account].identity
    let edit = LDAPModification.delete(LDAPAttribute("member", [account.key.rawValue]))
    guard await hand.perform([.modify(name, [edit])])[0].result.isSuccess else { stop("no edit") }
    let edited = ContinuousClock.now
    repeat {
      guard case .changed = await ring.next() else { stop("it does not ring") }
    } while try await read([group]).memberships.contains(member)
    let reference = AccountReference(subject: "s", displayName: nil, identity: account)
    try await apply([
      .addMember(Membership(group: group, groupID: id, account: reference), because: because)
    ])
    took.append(ContinuousClock.now - edited)
  }
  listening.cancel()
  await hand.close()
  start.report(wall: took.max())
}

switch command {
case "read", "skip":
  let state = try await read(try groups("shared", Int(rest[0]) ?? 0))
  let values = state.memberships.count
  start.report()
  FileHandle.standardError.write(Data("\(state.accounts.count), \(values)\n".utf8))
case "large":
  let state = try await read([try target.entitlementKey(for: rest[0])])
  start.report()
  FileHandle.standardError.write(Data("\(state.memberships.count)\n".utf8))
case "repair":
  try await repair(try groups("shared", 1)[0], Int(rest[0]) ?? 0)
case "fill", "remove", "ask":
  let group = try target.entitlementKey(for: rest[0])
  let state = try await read([group])
  guard case .present(let id, _) = state.groups[0] else { stop("\(state.groups[0])") }
  let changes = try accounts(state, rest[1], rest.count > 2 ? Int(rest[2]) : nil).map {
    let membership = Membership(group: group, groupID: id, account: $0)
    return command == "fill"
      ? Change.addMember(membership, because: because) : .removeMember(membership, because: ended)
  }
  let start = Usage()
  if command == "ask" {
    // What `plan --server-check` asks about the removals.
    let check = try await target.check(changes)
    guard check.verdicts.allSatisfy({ $0 == .accepted }) else { stop("\(check.verdicts[0])") }
  } else {
    try await apply(changes)
  }
  start.report()
case "spread":
  let spread = try groups("spread", Int(rest[2]) ?? 0)
  let state = try await read(spread)
  let members = try accounts(state, rest[0], Int(rest[1]))
  var changes: [Change] = []
  for (key, group) in zip(spread, state.groups) {
    guard case .present(let id, _) = group else { stop("\(group)") }
    changes += members.map {
      .addMember(Membership(group: key, groupID: id, account: $0), because: because)
    }
  }
  let start = Usage()
  try await apply(changes)
  start.report()
case "create":
  let changes = (0..<(Int(rest[0]) ?? 0)).map { number in
    let digits = String(number)
    let uid = "new" + String(repeating: "0", count: 7 - digits.count) + digits
    let values = [
      "cn": uid, "employeeType": "guest", "mail": "\(uid)@example.org", "sn": uid, "uid": uid,
    ]
    return Change.createAccount(
      AccountReference(subject: SubjectID(uid), displayName: nil, identity: nil),
      values.sorted { $0.key < $1.key }
        .map { AttributeChange(name: $0.key, before: [], after: [$0.value]) },
      because: because)
  }
  let start = Usage()
  try await apply(changes)
  start.report()
default: stop("no such command: \(command)")
}
