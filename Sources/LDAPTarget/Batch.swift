import AccessModel
import LDAPClient

/// The outcomes of a batch as they come in.
struct Batch {
  private var outcomes: [Outcome?]
  /// Which have none yet: asked far more often than an outcome is looked at.
  private var open: [Bool]
  /// How often the connection may still be opened again.
  private var reopenings = 2

  init(_ count: Int) {
    outcomes = Array(repeating: nil, count: count)
    open = Array(repeating: true, count: count)
  }

  func isOpen(_ index: Int) -> Bool { open[index] }

  /// The first outcome stands.
  mutating func settle(_ index: Int, _ outcome: Outcome) {
    guard open[index] else { return }
    (outcomes[index], open[index]) = (outcome, false)
  }

  var progress: Progress { Progress(done: open.count { !$0 }, total: open.count) }

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
