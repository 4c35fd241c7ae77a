package import AccessModel

extension LedgerStore: CallbackLedger {
  package func callback(
    of request: WaitingRequest
  ) async throws(LedgerError) -> CallbackRecord? {
    try await read("reading request \(request.id)") { try Callbacks(db: $0).record(of: request) }
  }

  package func recordCallback(_ record: CallbackRecord) async throws(LedgerError) {
    try await write("recording request \(record.request.id)") { db, _ in
      try Callbacks(db: db).record(record)
    }
  }
}
