import AccessModel
import Glibc
import Planning

// Plans N memberships against N, of which one in a hundred differs, and prints what only the plan
// cost: processor time and peak memory. `planner-benchmark [memberships] [subjects] [groups]`.

struct Random {
  var state: UInt64 = 42

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}

func processorSeconds() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

func peakMebibytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss / 1024
}

func padded(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: 7 - digits.count) + digits
}

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let count = arguments.first ?? 1_000_000
let subjectCount = arguments.dropFirst().first ?? 300_000
let groupCount = arguments.dropFirst(2).first ?? 20_000

let now = Instant(microseconds: 1_800_000_000_000_000)
let keys = (0..<groupCount).map { EntitlementKey("cn=g\(padded($0)),ou=groups,dc=example,dc=org") }
let subjects = (0..<subjectCount).map { SubjectID("subject-\(padded($0))") }
let accounts = (0..<subjectCount).map { index in
  AccountIdentity(
    key: AccountKey("uid=u\(padded(index)),ou=guests,dc=example,dc=org"),
    immutableID: "7f0c0000-0000-4000-8000-00000\(padded(index))")
}

var random = Random()
var desired = ContiguousArray<MembershipIndex>()
var actual = ContiguousArray<MembershipIndex>()
for index in 0..<count {
  let (subject, group) = (random.next(below: subjectCount), random.next(below: groupCount))
  desired.append(MembershipIndex(group: group, account: subject))
  let other = index % 100 == 0 ? (group + 1) % groupCount : group
  actual.append(MembershipIndex(group: other, account: subject))
}
let desiredSet = MembershipSet(desired)
let actualSet = MembershipSet(actual)
let assignments = (0..<subjectCount).map {
  AssignmentReference(source: "bench", id: AssignmentID("asn-\(padded($0))"))
}

func reasons(for set: MembershipSet) -> Justifications {
  var reasons = Justifications(assignments: assignments)
  for membership in set.sorted { reasons.append(CollectionOfOne(Int32(membership.account))) }
  return reasons
}

let empty = AssignmentReading(
  source: "bench",
  subjects: subjects.map { Subject(id: $0, attributes: .none) },
  packages: [AccessPackage(name: "p")],
  assignments: ContiguousArray(
    assignments.enumerated().map { index, reference in
      Assignment(
        id: reference.id, subject: Int32(index), package: 0, state: .delivered,
        validity: Validity(start: Instant(microseconds: 0), end: nil))
    }),
  coverage: .complete)
let book = AssignmentBook([
  SourceBook(
    SourceResult(
      source: "bench", reading: .success(empty), readAt: now, absentAfter: .zero),
    known: [], now: now)
])
let desiredState = DesiredState(
  target: "bench", groups: keys.map { DesiredGroup(key: $0) },
  accounts: subjects.enumerated().map { index, subject in
    DesiredAccount(
      subject: subject, displayName: nil, attributes: .none, because: [assignments[index]])
  },
  memberships: desiredSet, reasons: reasons(for: desiredSet))
let owned = Ownership(
  target: "bench",
  accounts: subjects.enumerated().map { index, subject in
    Ownership.Account(
      subject: subject, identity: accounts[index], origin: .created,
      because: [assignments[index]])
  },
  groupKeys: keys, subjects: subjects, memberships: actualSet,
  origins: ContiguousArray(repeating: .created, count: actualSet.count),
  reasons: reasons(for: actualSet))
let scope = ManagedScope(desired: desiredState, owned: owned)
let state = ActualState(
  target: "bench", coverage: .complete,
  accounts: subjects.enumerated().map { index, subject in
    ActualAccount(
      identity: accounts[index], anchor: subject, naturalKey: "u\(padded(index))",
      attributes: .none, isEnabled: true)
  },
  groups: keys.map { .present(immutableID: $0.rawValue, coverage: .complete) },
  memberships: actualSet)

let inputMemory = peakMebibytes()
let start = processorSeconds()
let result = plan(
  PlanInput(
    desired: desiredState, actual: state, owned: owned, scope: scope, book: book,
    traits: TargetTraits(naturalKeyAttribute: "uid"), now: now))
let seconds = processorSeconds() - start
let changes = result.changes.count
print("memberships \(desiredSet.count) should be, \(actualSet.count) are; \(changes) changes")
print("plan: \(Double(Int(seconds * 1000)) / 1000) s of processor time")
print("memory: \(peakMebibytes()) MiB at the peak, \(inputMemory) MiB of it before planning")
