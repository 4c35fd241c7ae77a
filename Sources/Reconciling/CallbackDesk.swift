package import AccessModel
import Logging
import Mapping
import Planning

/// Closes the loop: lets requests that wait for us go on, each once a reading made after the writing
/// shows its access in every mapped target, or shows it gone.
package struct CallbackDesk: Sendable {
  private let reconciler: Reconciler
  private let ledger: any CallbackLedger

  package init(reconciler: Reconciler, ledger: any CallbackLedger) {
    self.reconciler = reconciler
    self.ledger = ledger
  }

  /// What a request was answered, or why it was not.
  package struct Answer: Sendable {
    package let request: WaitingRequest
    package let isAnswered: Bool
    package let detail: String
  }

  /// What came of looking at the requests that wait.
  package struct Answers: Sendable {
    package var answers: [Answer] = []
    /// What a request waits for was written and must be read before it is answered.
    package var areUnconfirmed = false
  }

  /// Whether any request waits for us.
  package func isAwaited(in report: RunReport) -> Bool {
    report.sources.contains { !($0.live?.reading.waiting.isEmpty ?? true) }
  }

  /// Answers what can be answered by `report`, whose targets show what is there. Writes nothing but
  /// answers and what the ledger keeps of them.
  package func answer(_ report: RunReport) async throws(LedgerError) -> Answers {
    var result = Answers()
    for (source, record) in try await records(of: report) {
      let finding = CallbackFinding(of: record.request, in: report, reconciler.mapping)
      result.areUnconfirmed = result.areUnconfirmed || finding == .unconfirmed
      result.answers.append(try await settle(record, at: source, finding, now: report.context.now))
    }
    return result
  }

  /// One record for each request that waits and was not answered. One whose answer was on its way
  /// when we died is looked at again, and answered again if it still waits.
  private func records(
    of report: RunReport
  ) async throws(LedgerError) -> [(source: any CallbackSource, record: CallbackRecord)] {
    var records: [(source: any CallbackSource, record: CallbackRecord)] = []
    for book in report.sources {
      guard let waiting = book.live?.reading.waiting, !waiting.isEmpty,
        let source = reconciler.sources.first(where: { $0.id == book.source })
          as? any CallbackSource, source.callbackPolicy != nil
      else { continue }
      for request in waiting {
        if let known = try await ledger.callback(of: request) {
          if known.progress != .answered { records.append((source, known)) }
        } else {
          let record = CallbackRecord(request: request, firstSeen: report.context.now)
          try await ledger.recordCallback(record)
          records.append((source, record))
        }
      }
    }
    return records
  }

  private func settle(
    _ record: CallbackRecord, at source: any CallbackSource, _ finding: CallbackFinding,
    now: Instant
  ) async throws(LedgerError) -> Answer {
    let detail: String
    switch finding {
    case .inPlace(let words): detail = words
    case .unconfirmed:
      return Answer(request: record.request, isAnswered: false, detail: "it was just written")
    case .lacking(let reason):
      guard let policy = source.callbackPolicy, policy.onFailure == .resume,
        now.since(record.firstSeen) >= policy.failAfter
      else { return Answer(request: record.request, isAnswered: false, detail: reason) }
      detail = "failed: \(reason)"
    }
    var record = record
    (record.progress, record.detail) = (.answering, detail)
    try await ledger.recordCallback(record)
    let didWait: Bool
    do throws(SourceError) {
      didWait = try await source.resume(record.request, detail: detail)
    } catch {
      return Answer(request: record.request, isAnswered: false, detail: error.message)
    }
    record.progress = .answered
    try await ledger.recordCallback(record)
    return Answer(
      request: record.request, isAnswered: true,
      detail: didWait ? detail : "it did not wait any more")
  }
}

extension CallbackDesk.Answer: CustomStringConvertible {
  package var description: String {
    "\(request.source): request \(request.id) "
      + (isAnswered ? "goes on: " : "still waits: ") + detail
  }
}
