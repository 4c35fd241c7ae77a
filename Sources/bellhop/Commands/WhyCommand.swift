import AccessModel
import ArgumentParser
import LedgerStore
import Legibility
import Mapping
import Planning
import Reconciling

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Explain why a subject has, lacks or loses access. Writes nothing.")

  @OptionGroup var common: CommonOptions

  @Argument(help: "The subject: its id, display name, e-mail address or principal name.")
  var subject: String

  @Argument(help: "Only this entitlement: a group as the mapping or the target names it.")
  var entitlement: String?

  func run() async throws {
    try await finish {
      let workspace = try Workspace.load(common)
      let ledger = try workspace.ledger(readOnly: true)
      let (clock, doubt) = try await workspace.clockWatch(ledger).settle()
      let context = RunContext(
        run: "why", now: clock.instant, doubt: doubt, person: OperatingUser.current.person)
      let reconciler = workspace.reconciler(ledger, logger: common.logger)
      let readings = await reconciler.readSources(context)
      let subjects = try await reconciler.subjects(named: subject, in: readings)
      guard let found = subjects.first, subjects.count == 1 else { throw unclear(subjects) }
      let explanation = try await reconciler.explain(found, context, readings: readings)
      let history = try await ledger.journal(JournalQuery(subject: found, limit: 20))
      let view = ExplanationView(
        explanation, history: history, groups: groups(in: workspace),
        grants: grants(in: workspace))
      if common.json {
        try Console.output(json: view)
      } else {
        Console.output(view.text)
      }
      return .done
    }
  }

  private func unclear(_ subjects: [SubjectID]) -> CommandFailure {
    guard !subjects.isEmpty else {
      return CommandFailure(
        status: .inputData,
        message: "no source and no ledger entry names a subject '\(subject)'")
    }
    let ids = subjects.prefix(10).map(\.rawValue).joined(separator: ", ")
    return CommandFailure(
      status: .usage, message: "'\(subject)' may be \(subjects.count) subjects; say which: \(ids)")
  }

  /// Which packages give the entitlement, for each target that can have it; `nil` if none is asked for.
  private func grants(in workspace: Workspace) -> [ExplanationView.Grant]? {
    guard let entitlement else { return nil }
    var grants: [ExplanationView.Grant] = []
    for target in workspace.targets {
      let key: EntitlementKey
      do {
        key = try target.entitlementKey(for: entitlement)
      } catch {
        continue
      }
      let rules = workspace.mapping.packages.filter { rule in
        rule.entitlements.contains { $0.target == target.id && $0.object == .group(key) }
      }
      grants.append(
        ExplanationView.Grant(
          target: target.id.rawValue, group: key.rawValue,
          packages: rules.map { $0.match.name ?? $0.match.id ?? "" }))
    }
    return grants
  }

  /// Every spelling of the entitlement that a target has for it; `nil` asks for all.
  private func groups(in workspace: Workspace) -> Set<EntitlementKey>? {
    guard let entitlement else { return nil }
    var keys: Set<EntitlementKey> = [EntitlementKey(entitlement)]
    for target in workspace.targets {
      do {
        keys.insert(try target.entitlementKey(for: entitlement))
      } catch {
        continue
      }
    }
    return keys
  }
}

/// An explanation as text and as JSON.
private struct ExplanationView: Encodable {
  struct Assignment: Encodable {
    let assignment: String
    let package: String
    let start: Instant
    let end: Instant?
    let standing: String
    let mapsTo: [String]
  }

  struct Membership: Encodable {
    let target: String
    let group: String
    let origin: String
    let because: [String]
  }

  struct Account: Encodable {
    let target: String
    let account: String
    let origin: String
    let disabledAt: Instant?
  }

  struct Next: Encodable {
    let target: String
    let error: String?
    let changes: [ChangeReport]
    let heldByLimits: [ChangeReport]
    let holds: [Hold]
  }

  /// A group that an account is in by others.
  struct Nested: Encodable {
    let target: String
    let group: String?
    let through: [String]
    /// Why such groups could not be found.
    let error: String?
  }

  /// A group that was asked for, and the access packages that give it.
  struct Grant: Encodable {
    let target: String
    let group: String
    let packages: [String]
  }

  let version = 1
  let subject: String
  let displayName: String?
  let assignments: [Assignment]
  let accounts: [Account]
  let memberships: [Membership]
  let nested: [Nested]
  let next: [Next]
  let history: [JournalJSON]
  /// Only where a group was asked for.
  let entitlements: [Grant]?

  init(
    _ explanation: Explanation, history: [JournalEntry], groups: Set<EntitlementKey>?,
    grants: [Grant]?
  ) {
    entitlements = grants
    func isAsked(_ group: EntitlementKey?) -> Bool {
      guard let groups else { return true }
      return group.map { groups.contains($0) } ?? false
    }
    subject = explanation.subject.rawValue
    displayName = explanation.displayName
    assignments = explanation.assignments.map {
      Assignment(
        assignment: $0.reference.description, package: $0.package, start: $0.validity.start,
        end: $0.validity.end, standing: Self.words(for: $0.standing), mapsTo: $0.mapsTo)
    }
    accounts = explanation.accounts.map {
      Account(
        target: $0.target.rawValue, account: $0.account.identity.key.rawValue,
        origin: $0.account.origin.rawValue, disabledAt: $0.account.disabledAt)
    }
    memberships = explanation.memberships.filter { isAsked($0.group) }.map {
      Membership(
        target: $0.target.rawValue, group: $0.group.rawValue, origin: $0.origin.rawValue,
        because: $0.because.map(\.description))
    }
    nested = explanation.nested.flatMap { row -> [Nested] in
      let target = row.target.rawValue
      switch row.result {
      case .success(let found):
        return found.filter { isAsked($0.group) }.map {
          Nested(
            target: target, group: $0.group.rawValue, through: $0.through.map(\.rawValue),
            error: nil)
        }
      case .failure(let error):
        return [Nested(target: target, group: nil, through: [], error: error.message)]
      }
    }
    next = explanation.plans.map { report in
      let holds = report.approved?.plan.holds ?? []
      return Next(
        target: report.target.rawValue, error: report.failure?.description,
        changes: (report.approved?.plan.changes ?? []).filter { isAsked($0.group) }
          .map(ChangeReport.init),
        heldByLimits: (report.approved?.held ?? []).filter { isAsked($0.group) }
          .map(ChangeReport.init),
        holds: holds.filter { $0.subject == explanation.subject || $0.subject == nil })
    }
    self.history = history.filter { isAsked($0.change.group) }.map(JournalJSON.init)
  }

  private static func words(for standing: Standing) -> String {
    switch standing {
    case .live: "live"
    case .notYet(let start): "not before \(start)"
    case .held(let reason): "held: \(reason)"
    case .over(let ending): "over: \(ending)"
    }
  }

  var text: String {
    var lines = ["\(displayName.map { "\($0) " } ?? "")(\(subject))"]
    func section(_ title: String, _ rows: [String]) {
      lines += ["", "  \(title)"] + (rows.isEmpty ? ["    none"] : rows.map { "    \($0)" })
    }
    section(
      "Assignments",
      assignments.flatMap { row in
        ["\(row.assignment)  \(row.package)  \(row.standing)"]
          + row.mapsTo.map { "  maps to \($0)" }
      })
    if let entitlements {
      section(
        "The group",
        entitlements.map { grant in
          let giving = grant.packages.joined(separator: ", ")
          return "\(grant.target)  \(grant.group)  "
            + (giving.isEmpty
              ? "no mapping names it: Bellhop gives it to nobody, and takes it from nobody whom it "
                + "did not give it to" : "given by \(giving)")
        })
    }
    section(
      "Accounts",
      accounts.map { row in
        "\(row.target)  \(row.account)  \(row.origin)"
          + (row.disabledAt.map { ", disabled \($0)" } ?? "")
      })
    section(
      "Memberships in the ledger",
      memberships.map { row in
        "\(row.target)  \(row.group)  \(row.origin), because "
          + row.because.joined(separator: ", ")
      })
    if !nested.isEmpty {
      section(
        "In by other groups, which Bellhop neither makes nor ends",
        nested.map { row in
          "\(row.target)  "
            + (row.error ?? "\(row.group ?? "?")  through "
              + row.through.joined(separator: ", then "))
        })
    }
    section(
      "The next run would",
      next.flatMap { row in
        [row.error].compactMap { $0 }.map { "\(row.target)  \($0)" }
          + row.changes.map { "\(row.target)  \(Self.line($0))" }
          + row.heldByLimits.map { "\(row.target)  held by limits: \(Self.line($0))" }
          + row.holds.map {
            "\(row.target)  hold \($0.group?.rawValue ?? "the subject"): \($0.reason)"
          }
      })
    section(
      "History",
      history.map { row in
        "\(row.intendedAt)  \(row.target) \(Self.line(row.change)): "
          + (row.outcome ?? "outcome not known")
      })
    return lines.map { visible($0) + "\n" }.joined()
  }

  private static func line(_ change: ChangeReport) -> String {
    let why = change.evidence ?? change.because?.joined(separator: ", ") ?? ""
    return [change.kind, change.group].compactMap { $0 }.joined(separator: " ") + ", " + why
  }
}
