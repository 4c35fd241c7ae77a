package import AccessModel

/// What a run on demand is narrowed to. Less is read only where the rest cannot matter (`SubjectPart`).
package struct Selection: Equatable, Sendable {
  /// `nil` is every target.
  package var targets: Set<TargetID>?
  package var subject: SubjectID?
  /// An access package, by its name.
  package var package: String?

  package init(
    targets: Set<TargetID>? = nil, subject: SubjectID? = nil, package: String? = nil
  ) {
    self.targets = targets
    self.subject = subject
    self.package = package
  }

  package static let everything = Selection()

  var isNarrow: Bool { subject != nil || package != nil }

  func selects(_ target: TargetID) -> Bool { targets?.contains(target) ?? true }
}
