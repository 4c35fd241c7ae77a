import AccessModel
import LDAPClient

/// Writes accounts: reads each, decides, sends, until what is read is what was asked for.
///
/// The reading before every request finds a name that was given to someone else; the one after a lost
/// answer finds what became of it.
struct AccountWriter {
  let layout: Layout
  private(set) var works: [AccountWork] = []

  init(layout: Layout) { self.layout = layout }

  /// Gives the reason if the change is refused as it stands.
  mutating func take(_ change: Change, _ index: Int) -> String? {
    do throws(AccountWork.Refusal) {
      works.append(try AccountWork(change, index, layout))
      return nil
    } catch {
      return error.reason
    }
  }

  mutating func apply(
    _ batch: inout Batch, on connection: isolated LDAPConnection, _ progress: (Progress) -> Void
  ) {
    while true {
      let open = works.indices.filter { batch.isOpen(works[$0].index) }
      guard !open.isEmpty else { return }
      if let error = batch.reopen(connection) {
        for index in open { batch.settle(works[index].index, works[index].giveUp(error)) }
        return
      }
      round(open, &batch, on: connection)
      progress(batch.progress)
    }
  }

  private mutating func round(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) {
    guard let readings = read(open, &batch, on: connection) else { return }
    var requests: [LDAPRequest] = []
    var senders: [(work: Int, isLast: Bool)] = []
    for (work, reading) in zip(open, readings) {
      guard let reading else { continue }
      switch works[work].decide(reading) {
      case .settle(let outcome): batch.settle(works[work].index, outcome)
      case .send(let request, let isLast):
        requests.append(request)
        senders.append((work, isLast))
      }
    }
    let results = connection.perform(requests)
    var stop = layout.stop(after: results, below: layout.accountsBase, on: connection)
    for (sender, result) in zip(senders, results) {
      guard var outcome = works[sender.work].sent(result.result, isLast: sender.isLast) else {
        if let stop { works[sender.work].refuse(stop) }
        continue
      }
      switch outcome {
      case .failed(.stopTarget, _): stop = outcome
      case .refused, .failed: outcome = stop ?? outcome
      case .applied, .alreadyInState, .unknown: break
      }
      batch.settle(works[sender.work].index, outcome)
    }
    guard let stop else { return }
    // What was sent is still to be read.
    for work in open where !works[work].wasSent { batch.settle(works[work].index, stop) }
  }

  /// What is found now under the names of each; `nil` altogether if the connection was lost, and for
  /// one whose outcome that settles.
  func read(
    _ open: [Int], _ batch: inout Batch, on connection: isolated LDAPConnection
  ) -> [AccountWork.Reading?]? {
    var requests: [LDAPRequest] = []
    var owners: [Int] = []
    for (position, work) in open.enumerated() {
      for name in works[work].names {
        requests.append(
          .search(
            LDAPSearch(
              base: name, scope: .base, attributes: works[work].attributes(layout))))
        owners.append(position)
      }
    }
    var records: [LDAPRecord?] = Array(repeating: nil, count: requests.count)
    let results = connection.perform(requests) { records[$0] = LDAPRecord($1) }
    guard connection.isOpen else { return nil }
    var readings: [AccountWork.Reading?] = open.map { _ in [] }
    for (request, result) in results.enumerated() {
      let owner = owners[request]
      if result.result.isSuccess || result.result.code == .noSuchObject {
        readings[owner]?.append(records[request])
      } else {
        let work = works[open[owner]]
        batch.settle(
          work.index,
          work.wasSent ? work.giveUp(LDAPError(result.result)) : result.result.outcome)
        readings[owner] = nil
      }
    }
    return readings
  }
}
