import AccessModel
import ConnectorTesting
import Foundation
import LedgerStore
import Logging
import Mapping
import Planning
import Reconciling
import Synchronization

/// Fake sources, in-memory targets and a real ledger in a folder of its own, run as cron would: every
/// run opens the ledger anew.
final class Connector: Sendable {
  struct Setup: Sendable {
    var sources: [any AssignmentSource]
    var targets: [any Target]
    var mapping = Connector.mapping
    var limits = Limits.standard
  }

  private let folder: URL
  private let setup: Mutex<Setup>

  init(_ setup: Setup) throws {
    self.setup = Mutex(setup)
    folder = URL.temporaryDirectory.appending(path: "bellhop-\(UUID().uuidString)")
  }

  convenience init(
    _ source: FakeSource, _ target: any Target, mapping: String = Connector.mapping
  ) throws {
    try self.init(Setup(sources: [source], targets: [target], mapping: mapping))
  }

  deinit {
    do { try FileManager.default.removeItem(at: folder) } catch {}
  }

  /// Two groups and accounts that are disabled, and deleted after thirty days.
  static let mapping = """
    version: 1
    packages:
      - accessPackage: Engineering
        entitlements:
          - { target: memory, group: cn=eng }
      - accessPackage: Operations
        entitlements:
          - { target: memory, group: cn=ops }
    accounts:
      - target: memory
        attributes: { uid: '[uid]', mail: '[email]' }
        onLastAssignmentEnded:
          disable: { set: { employeeType: disabled } }
          deleteAfter: P30D
    """

  /// The first day, midnight; later ones are counted from it.
  static func day(_ days: Int, _ offset: Duration = .zero) -> Instant {
    Instant(CivilTime(year: 2026, month: 12, day: 1))
      .adding(CalendarDuration(days: days)).adding(offset)
  }

  func change(_ body: (inout Setup) -> Void) { setup.withLock { body(&$0) } }

  func store() throws -> any Ledger {
    try LedgerStore(path: folder.appending(path: "ledger.sqlite").path)
  }

  func loseLedger() throws { try FileManager.default.removeItem(at: folder) }

  func reconciler(_ ledger: any Ledger) throws -> Reconciler {
    let setup = setup.withLock { $0 }
    let (mapping, diagnostics) = MappingLoader.load(
      [(path: "m.yaml", text: setup.mapping)], targets: setup.targets.map { KnownTarget($0) })
    guard let mapping else {
      throw Faulty(description: diagnostics.map(\.description).joined(separator: "\n"))
    }
    return Reconciler(
      sources: setup.sources, targets: setup.targets, mapping: mapping, ledger: ledger,
      limits: setup.limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  static func clock(at wall: Instant, jump: Duration = .zero) -> ClockReading {
    ClockReading(wall: wall, sinceBoot: wall.since(day(-100)) - jump, boot: "first")
  }

  /// `jump` is how far the wall clock was set away from the time that passed.
  func begin(
    at wall: Instant, jump: Duration = .zero, witnesses: [any ClockWitness] = [],
    _ ledger: any Ledger
  ) async throws(LedgerError) -> RunContext {
    let reading = Self.clock(at: wall, jump: jump)
    let (clock, doubt) = try await ClockWatch(
      ledger: ledger, witnesses: witnesses, mayTouch: true, read: { reading }
    ).settle()
    try await ledger.recordClock(clock)
    let context = RunContext(
      run: RunID(UUID().uuidString), now: clock.instant, doubt: doubt)
    try await ledger.beginRun(
      RunRecord(id: context.run, command: "apply", actor: "test", startedAt: context.now))
    return context
  }

  /// One run from beginning to end. `crash` says at which write of the ledger the process dies.
  @discardableResult
  func apply(
    at wall: Instant, jump: Duration = .zero, witnesses: [any ClockWitness] = [],
    _ selection: Selection = .everything, crash: MortalLedger.Crash? = nil
  ) async throws -> RunReport {
    let store = try store()
    let context = try await begin(at: wall, jump: jump, witnesses: witnesses, store)
    let reconciler = try reconciler(MortalLedger(store, crash: crash))
    let readings = await reconciler.readSources(context)
    return try await reconciler.apply(context, readings: readings, selection: selection)
  }

  func plan(at wall: Instant, _ selection: Selection = .everything) async throws -> RunReport {
    let reconciler = try reconciler(try store())
    let context = RunContext(run: "plan", now: wall)
    let readings = await reconciler.readSources(context)
    return try await reconciler.plan(context, readings: readings, selection: selection)
  }

  func approve(_ digest: String, at instant: Instant) async throws {
    try await store().approve(
      Approval(digest: digest, name: "op", reason: "reviewed", at: instant))
  }

  /// `kind group subject outcome` of everything that was ever intended, oldest first.
  func journal() async throws -> [String] {
    try await store().journal(JournalQuery(limit: .max)).reversed().map { entry in
      [
        entry.change.kind, entry.change.group?.rawValue, entry.change.account?.subject?.rawValue,
        entry.outcome ?? "open",
      ].compactMap { $0 }.joined(separator: " ")
    }
  }

  /// `group subject origin` of every membership the ledger knows in a target.
  func owned(in target: TargetID = "memory") async throws -> [String] {
    let owned = try await store().ownership(of: target)
    return owned.memberships.sorted.enumerated().map { row, membership in
      "\(owned.groupKeys[membership.group]) \(owned.subjects[membership.account]) "
        + "\(owned.origins[row])"
    }
  }
}

struct Faulty: Error, CustomStringConvertible {
  let description: String
}

/// An assignment of a subject who has a `uid` and an address.
func assignment(
  _ subject: SubjectID, _ package: String = "Engineering", id: AssignmentID? = nil,
  state: AssignmentState = .delivered, start: Instant = Connector.day(-10), end: Instant? = nil,
  email: String? = nil
) -> FakeAssignment {
  FakeAssignment(
    id ?? AssignmentID("\(package)-\(subject)"), subject: subject, package: package, state: state,
    start: start, end: end,
    attributes: ["uid": [subject.rawValue], "email": [email ?? "\(subject)@example.org"]])
}

extension InMemoryTarget {
  init(
    groups: [EntitlementKey], id: TargetID = "memory", adoptsExisting: Bool = false
  ) {
    self.init(
      id: id, directory: InMemoryDirectory(groups: groups), adoptsExisting: adoptsExisting)
  }

  /// The uids of a group's members, sorted.
  func members(_ group: EntitlementKey) -> [String] {
    (directory.groups[group]?.members ?? []).map { key in
      String(key.rawValue.drop { $0 != "=" }.dropFirst().prefix { $0 != "," })
    }.sorted()
  }

  func account(_ uid: String) -> InMemoryDirectory.Account? {
    directory.accounts[Self.accountKey(uid: uid)]
  }

  func isDisabled(_ uid: String) -> Bool {
    account(uid)?.attributes["employeeType"] == ["disabled"]
  }
}

extension TargetReport {
  /// `kind group subject cause` of what was planned and let pass.
  var lines: [String] { (approved?.plan.changes ?? []).map(line) }
  /// The same of what the limits hold.
  var heldLines: [String] { (approved?.held ?? []).map(line) }

  private func line(_ change: Change) -> String {
    [
      change.kind, change.group?.rawValue,
      change.account?.subject?.rawValue ?? change.account?.identity?.key.rawValue,
      change.ending?.cause.rawValue,
    ].compactMap { $0 }.joined(separator: " ")
  }
}
