/// What the ledger remembers of requests that waited for us, so that a crash between an answer and
/// the note of it repeats nothing that matters.
package protocol CallbackLedger: Sendable {
  /// `nil` if it was never seen waiting.
  func callback(of request: WaitingRequest) async throws(LedgerError) -> CallbackRecord?
  /// Inserts or replaces. Durable before an answer is sent, and after it.
  func recordCallback(_ record: CallbackRecord) async throws(LedgerError)
}

/// One wait of one request, and what became of it.
package struct CallbackRecord: Hashable, Sendable {
  package enum Progress: String, Sendable {
    /// Its access is not there yet.
    case waiting
    /// It is about to be answered, or was.
    case answering
    case answered
  }

  package let request: WaitingRequest
  package let firstSeen: Instant
  package var progress: Progress
  /// What it was, or is to be, answered.
  package var detail: String?

  package init(
    request: WaitingRequest, firstSeen: Instant, progress: Progress = .waiting,
    detail: String? = nil
  ) {
    self.request = request
    self.firstSeen = firstSeen
    self.progress = progress
    self.detail = detail
  }
}
