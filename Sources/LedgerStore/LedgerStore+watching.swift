package import AccessModel

// What the ledger remembers from run to run besides what is owned: the clock, what waits, what fails.

extension LedgerStore {
  package func clockHistory() async throws(LedgerError) -> ClockHistory? {
    try await read("reading what is known of the clock") { try Clocks(db: $0).history() }
  }

  package func recordClock(_ record: ClockRecord) async throws(LedgerError) {
    try await write("recording the clock", .pressing) { db, chain in
      try Clocks(db: db).record(record)
      if case .released(let name, let reason) = record.standing {
        try chain.append(.clockReleased, RecordedRelease(name: name, reason: reason))
      }
    }
  }

  package func pendingRemovals() async throws(LedgerError) -> [PendingRemoval] {
    try await read("reading what waits") { try PendingRemovals(db: $0).all() }
  }

  package func setPendingRemovals(
    _ removals: [PendingRemoval], of target: TargetID
  ) async throws(LedgerError) {
    try await write("recording what waits in \(target)", .pressing) { db, _ in
      try PendingRemovals(db: db).replace(removals, of: target)
    }
  }

  package func troubles() async throws(LedgerError) -> [Trouble] {
    try await read("reading what fails") { try Troubles(db: $0).all() }
  }

  package func setTroubles(
    _ troubles: [Trouble], of target: TargetID
  ) async throws(LedgerError) {
    try await write("recording what fails in \(target)", .pressing) { db, _ in
      try Troubles(db: db).replace(troubles, of: target)
    }
  }
}
