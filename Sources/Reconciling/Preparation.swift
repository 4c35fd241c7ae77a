import AccessModel
import Planning

/// Every target read, planned and judged, and nothing written yet. `Reconciler.prepare` makes it.
package struct Preparation: Sendable {
  struct Target: Sendable {
    let report: TargetReport
    /// Whether the run is for all of the target: one for some of it knows only some of what waits.
    var isWhole = false
    /// The approval that lets us take over what we find.
    var takeover: Approval?
    /// What the ledger must know of the plan before it is carried out; `nil` if nothing.
    var record: PlanRecord?
  }

  /// Sorted by target.
  let targets: [Target]
  /// What would be done.
  package let report: RunReport
}
