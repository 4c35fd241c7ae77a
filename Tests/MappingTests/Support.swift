import AccessModel
import Foundation
import Mapping

let repository = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// Two directories and one application, as the examples name them.
let knownTargets: [KnownTarget] = [
  KnownTarget(
    id: "corp", naturalKeyAttribute: "uid", disableForms: [.set, .moveTo],
    entitlementKey: directoryGroup),
  KnownTarget(
    id: "unix", naturalKeyAttribute: "uid", disableForms: [.set, .moveTo],
    entitlementKey: directoryGroup),
  KnownTarget(id: "wiki", naturalKeyAttribute: "userName", disableForms: [.deactivate]) {
    EntitlementKey($0)
  },
]

@Sendable private func directoryGroup(_ name: String) throws -> EntitlementKey {
  guard name.contains("=") else {
    throw TargetError(
      target: "corp", disposition: .skipChange, message: "'\(name)' is no distinguished name")
  }
  return EntitlementKey(name.lowercased())
}

/// The mapping set of one text that must have no fault.
func mappings(_ text: String) throws -> MappingSet {
  let (mappings, diagnostics) = MappingLoader.load(
    [(path: "m.yaml", text: text)], targets: knownTargets)
  guard let mappings else { throw Faulty(description: diagnostics.map(\.description).joined()) }
  return mappings
}

struct Faulty: Error, CustomStringConvertible {
  let description: String
}

func person(_ id: String, _ attributes: [String: [String]] = [:]) -> Subject {
  Subject(id: SubjectID(id), attributes: Attributes(attributes))
}

/// A complete reading in which all assignments are live: pairs of subject and package.
func live(
  _ source: SourceID, subjects: [Subject], packages: [AccessPackage],
  _ assignments: [(id: String, subject: Int32, package: Int32)]
) -> LiveAssignments {
  let rows = assignments.map {
    Assignment(
      id: AssignmentID($0.id), subject: $0.subject, package: $0.package, state: .delivered,
      validity: Validity(start: Instant(microseconds: 0), end: nil))
  }.sorted { $0.id < $1.id }
  let reading = AssignmentReading(
    source: source, subjects: subjects, packages: packages, assignments: ContiguousArray(rows),
    coverage: .complete)
  return LiveAssignments(reading: reading, positions: ContiguousArray((0..<Int32(rows.count))))
}

extension DesiredState {
  /// `group ← subject: because`, one line for each membership, in order.
  var lines: [String] {
    memberships.sorted.enumerated().map { row, membership in
      let because = reasons[row].map(\.description).joined(separator: " ")
      return "\(groups[membership.group].key) ← \(accounts[membership.account].subject): \(because)"
    }
  }
}
