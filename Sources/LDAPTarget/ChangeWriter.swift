import AccessModel
import LDAPClient

/// Applies one batch: accounts one by one, members group by group.
struct ChangeWriter: Sendable {
  let layout: Layout
  let changes: [Change]

  /// One outcome for each change, in their order.
  func apply(
    on connection: isolated LDAPConnection, progress: (Progress) -> Void
  ) -> [Outcome] {
    var batch = Batch(changes.count)
    var accounts = AccountWriter(layout: layout)
    var groups = GroupWriter(layout: layout)
    for (index, change) in changes.enumerated() {
      let refusal: String?
      switch change {
      case .createAccount, .updateAccount, .enableAccount, .disableAccount, .deleteAccount:
        refusal = accounts.take(change, index)
      case .addMember, .removeMember:
        refusal = groups.take(change, index)
      case .createGroup(let key, _):
        refusal = "'\(key)': groups are not created here; create it in the directory first"
      }
      if let refusal { batch.settle(index, .refused(reason: refusal)) }
    }
    accounts.apply(&batch, on: connection, progress)
    groups.apply(&batch, on: connection, progress)
    progress(batch.progress)
    return batch.ended()
  }
}
