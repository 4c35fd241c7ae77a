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

/// The outcomes of a batch as they come in.
struct Batch {
  private var outcomes: [Outcome?]
  /// How often the connection may still be opened again.
  private var reopenings = 2

  init(_ count: Int) { outcomes = Array(repeating: nil, count: count) }

  func isOpen(_ index: Int) -> Bool { outcomes[index] == nil }

  /// The first outcome stands.
  mutating func settle(_ index: Int, _ outcome: Outcome) {
    if outcomes[index] == nil { outcomes[index] = outcome }
  }

  var progress: Progress {
    Progress(done: outcomes.count { $0 != nil }, total: outcomes.count)
  }

  /// Connects again after the connection was lost. `nil` if it is open.
  mutating func reopen(_ connection: isolated LDAPConnection) -> LDAPError? {
    guard !connection.isOpen else { return nil }
    guard reopenings > 0 else {
      return LDAPError(code: .serverDown, diagnostic: "the connection keeps breaking")
    }
    reopenings -= 1
    do throws(LDAPError) {
      try connection.open()
      return nil
    } catch {
      return error
    }
  }

  func ended() -> [Outcome] {
    outcomes.map { outcome in
      guard let outcome else { preconditionFailure("a writer ended before its changes did") }
      return outcome
    }
  }
}
