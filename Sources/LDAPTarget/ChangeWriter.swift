import AccessModel
import LDAPClient

/// Applies one batch: accounts one by one, members group by group.
struct ChangeWriter: Sendable {
  let layout: Layout
  let changes: [Change]
  /// How long the server may be silent.
  let timeout: Duration
  /// Of the last reading of the accounts.
  let proofs: AccountProofs?

  struct Result {
    /// One for each change, in their order.
    let outcomes: [Outcome]
    /// What each write of a group made of its version, where the server told.
    let versions: [String]
    let proofs: AccountProofs?
    /// Why nothing more may be written, if so.
    let alarm: String?
  }

  func apply(
    on connection: isolated LDAPConnection, progress: (Progress) -> Void
  ) -> Result {
    var batch = Batch(changes.count)
    var accounts = AccountWriter(layout: layout)
    var creator = GroupCreator(layout: layout)
    var groups = GroupWriter(layout: layout, timeout: timeout, proofs: proofs)
    // By position: a copy of each would cost more than taking it.
    for index in changes.indices {
      let refusal: String?
      switch changes[index] {
      case .createAccount, .updateAccount, .enableAccount, .disableAccount, .deleteAccount:
        refusal = accounts.take(changes[index], index)
      case .addMember, .removeMember:
        refusal = groups.take(changes[index], index)
      case .createGroup(let key, _): refusal = creator.take(key, index)
      }
      if let refusal { batch.settle(index, .refused(reason: refusal)) }
    }
    accounts.apply(&batch, on: connection, progress)
    creator.apply(&batch, on: connection, progress)
    let alarm = groups.apply(&batch, on: connection, progress)
    progress(batch.progress)
    return Result(
      outcomes: batch.ended(), versions: groups.versions, proofs: groups.proofs,
      alarm: alarm)
  }
}
