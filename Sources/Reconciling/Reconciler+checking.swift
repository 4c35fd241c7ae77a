package import AccessModel
import Planning

extension Reconciler {
  /// The report of a plan with what the targets' systems say of its changes. Writes nothing.
  package func checked(_ report: RunReport) async -> RunReport {
    var report = report
    for (index, planned) in report.targets.enumerated() {
      guard planned.failure == nil, let changes = planned.approved?.plan.changes,
        let target = targets.first(where: { $0.id == planned.target })
      else { continue }
      report.targets[index].serverCheck = await check(changes, in: target)
    }
    return report
  }

  private func check(_ changes: [Change], in target: any Target) async -> ServerCheckResult {
    guard let checking = target as? any ServerChecking else {
      return ServerCheckResult(changes, "this kind of target has no way to try a change")
    }
    return await Interruption.run(grace: .seconds(1)) {
      do throws(TargetError) {
        let check = try await checking.check(changes)
        return ServerCheckResult(rows: Array(zip(changes, check.verdicts)), alarm: check.alarm)
      } catch {
        var result = ServerCheckResult(changes, error.message)
        result.failure = error
        return result
      }
    } abandoned: {
      ServerCheckResult(changes, "stopped before it was asked")
    }
  }
}

/// What one target's system says of a plan.
package struct ServerCheckResult: Sendable {
  /// In the order of the plan.
  package let rows: [(change: Change, verdict: ServerCheck.Verdict)]
  /// How it kept what it was only to try.
  package let alarm: String?
  /// Why it could not be asked at all.
  package fileprivate(set) var failure: TargetError?

  fileprivate init(rows: [(change: Change, verdict: ServerCheck.Verdict)], alarm: String?) {
    (self.rows, self.alarm) = (rows, alarm)
  }

  /// Nothing was asked, all for one reason.
  fileprivate init(_ changes: [Change], _ reason: String) {
    self.init(rows: changes.map { ($0, .notAsked(reason: reason)) }, alarm: nil)
  }

  package var accepted: Int { rows.count { $0.verdict == .accepted } }

  /// What would be refused, with the reason and, where there is one to tell, the way out.
  package var refusals: [(change: Change, reason: String, wayOut: String?)] {
    rows.compactMap { row in
      guard case .refused(let reason, let wayOut) = row.verdict else { return nil }
      return (row.change, reason, wayOut)
    }
  }

  /// What was not asked, by the reason; in the order in which each comes first.
  package var unasked: [(reason: String, changes: [Change])] {
    var order: [String] = []
    var changes: [String: [Change]] = [:]
    for row in rows {
      guard case .notAsked(let reason) = row.verdict else { continue }
      if changes[reason] == nil { order.append(reason) }
      changes[reason, default: []].append(row.change)
    }
    return order.map { ($0, changes[$0, default: []]) }
  }

  /// Whether it would refuse something, or cannot be trusted with the question.
  var isRefused: Bool { alarm != nil || !refusals.isEmpty }
}
