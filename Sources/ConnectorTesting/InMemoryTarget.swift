package import AccessModel

/// The `Target` port over an `InMemoryDirectory`: what a directory refuses, it reports as an adapter
/// must, and it can be told to fail.
///
/// Accounts are `uid=…,ou=guests,dc=test`; groups go by the name a mapping gives them.
package actor InMemoryTarget: Target {
  /// What goes wrong, until it is set otherwise.
  package struct Faults: Equatable, Sendable {
    package enum Reading: Equatable, Sendable {
      case throwing(Disposition)
      /// Only this many entries come, accounts first, and then the reading ends early.
      case partial(entries: Int)
    }

    package var reading: Reading?
    /// The connection is lost at the n-th write from now, 1 being the next one, and stays lost. It is
    /// lost already at 0.
    package var cutAtWrite: Int?
    /// Whether the write at which the connection is lost still took effect.
    package var cutAfterEffect = false

    package init(
      reading: Reading? = nil, cutAtWrite: Int? = nil, cutAfterEffect: Bool = false
    ) {
      self.reading = reading
      self.cutAtWrite = cutAtWrite
      self.cutAfterEffect = cutAfterEffect
    }
  }

  package nonisolated let id: TargetID
  package nonisolated let traits: TargetTraits
  /// Read it to see what was done; change it to play someone else's hand.
  package var directory: InMemoryDirectory
  package var faults = Faults()
  /// Write operations the directory was sent, whatever it answered.
  package private(set) var writes = 0
  package internal(set) var readings = 0

  package init(
    id: TargetID = "memory", directory: InMemoryDirectory = .init(),
    createsMissingGroups: Bool = false, adoptsExisting: Bool = false
  ) {
    self.id = id
    self.directory = directory
    traits = TargetTraits(
      naturalKeyAttribute: "uid", createsMissingGroups: createsMissingGroups,
      adoptsExisting: adoptsExisting)
  }

  package func set(_ faults: Faults) { self.faults = faults }

  /// Changes the directory behind the connector's back.
  package func edit<Failure: Error>(
    _ body: @Sendable (inout InMemoryDirectory) throws(Failure) -> Void
  ) throws(Failure) {
    try body(&directory)
  }

  package nonisolated func entitlementKey(
    for name: String
  ) throws(TargetError) -> EntitlementKey {
    guard !name.isEmpty else {
      throw TargetError(
        target: id, disposition: .skipChange, message: "a group has an empty name; name it")
    }
    return EntitlementKey(name)
  }

  package nonisolated static func accountKey(uid: String) -> AccountKey {
    AccountKey("uid=\(uid),ou=guests,dc=test")
  }

  package func apply(
    _ changes: [Change], progress: @Sendable (Progress) -> Void
  ) async throws(TargetError) -> [Outcome] {
    var outcomes: [Outcome] = []
    for change in changes {
      outcomes.append(send(change))
      progress(Progress(done: outcomes.count, total: changes.count))
    }
    return outcomes
  }

  /// One write over the connection, which may be the one it is lost at.
  private func send(_ change: Change) -> Outcome {
    guard let left = faults.cutAtWrite else {
      writes += 1
      return perform(change)
    }
    guard left > 0 else {
      return .failed(.stopTarget, reason: "the connection was lost before this was sent")
    }
    faults.cutAtWrite = left - 1
    guard left == 1 else {
      writes += 1
      return perform(change)
    }
    if faults.cutAfterEffect {
      writes += 1
      _ = perform(change)
    }
    return .unknown(reason: "the connection was lost before the answer")
  }
}
