/// What the ledger remembers of one assignment, so that its end needs no source.
package struct KnownAssignment: Equatable, Sendable {
  package let reference: AssignmentReference
  package var subject: SubjectID
  package var package: String
  package var validity: Validity
  /// The first complete reading that lacked it, if the latest one still does.
  package var missingSince: Instant?
  /// How it ended, once it has. Cleared if the source reports it live again.
  package var ending: Ending?

  package init(
    reference: AssignmentReference, subject: SubjectID, package: String, validity: Validity,
    missingSince: Instant? = nil, ending: Ending? = nil
  ) {
    self.reference = reference
    self.subject = subject
    self.package = package
    self.validity = validity
    self.missingSince = missingSince
    self.ending = ending
  }
}
