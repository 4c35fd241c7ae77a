/// A request upstream that waits until somebody says that its access is there, or gone.
package struct WaitingRequest: Hashable, Sendable {
  /// What was done upstream before it waits; the words are Graph's.
  package enum Stage: String, Sendable, CaseIterable {
    case granted = "assignmentRequestGranted"
    case removed = "assignmentRequestRemoved"
  }

  package let source: SourceID
  package let id: String
  /// Which of the request's waits is meant.
  package let instance: String
  package let stage: Stage
  package let assignment: AssignmentID

  package init(
    source: SourceID, id: String, instance: String, stage: Stage, assignment: AssignmentID
  ) {
    self.source = source
    self.id = id
    self.instance = instance
    self.stage = stage
    self.assignment = assignment
  }

  package var reference: AssignmentReference {
    AssignmentReference(source: source, id: assignment)
  }
}

/// What becomes of requests whose access cannot be brought about.
package struct CallbackPolicy: Equatable, Sendable {
  package enum Failure: String, Sendable, CaseIterable {
    /// They wait on, until their own time limit upstream ends them as failed.
    case leave
    /// They go on, with the failure in words.
    case resume
  }

  package var onFailure: Failure
  /// How long it is tried before `resume` gives up.
  package var failAfter: Duration

  package init(onFailure: Failure = .leave, failAfter: Duration = .seconds(600)) {
    self.onFailure = onFailure
    self.failAfter = failAfter
  }
}
