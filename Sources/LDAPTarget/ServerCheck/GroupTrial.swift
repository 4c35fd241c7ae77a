import AccessModel
import LDAPClient

/// Asks what would become of memberships: the requests of `GroupWriter`, slice by slice, each against the
/// group as it is.
struct GroupTrial {
  private var writer: GroupWriter
  private var looked: Set<Int> = []

  /// `writer` has taken its changes.
  init(_ writer: GroupWriter) { self.writer = writer }

  /// What could not be asked is settled as `failed(.retryLater)`.
  mutating func run(
    _ batch: inout Batch, _ server: inout TrialServer, on connection: isolated LDAPConnection
  ) {
    guard connection.isOpen, writer.resolve(&batch, on: connection) else { return }
    // What comes after a write that is not made is no version of the group.
    writer.traits.canPostRead = false
    while connection.isOpen {
      let open = writer.works.indices.filter { writer.works[$0].hasOpenItems(batch) }
      guard !open.isEmpty else { return }
      writer.read(open, &batch, on: connection)
      writer.seek(open, batch, on: connection)
      ask(open, &batch, &server, on: connection)
      writer.check(open, &batch, on: connection)
    }
  }

  private mutating func ask(
    _ open: [Int], _ batch: inout Batch, _ server: inout TrialServer,
    on connection: isolated LDAPConnection
  ) {
    let (writers, requests) = writer.nextWrites(open, &batch, on: connection)
    // Of the groups themselves: only what stands in one of them now is asked for.
    server.look(
      zip(writers, requests).filter { looked.insert($0.0).inserted }.map(\.1), on: connection)
    guard connection.isOpen else { return }
    let (answers, reasons) = server.ask(requests, on: connection)
    guard connection.isOpen else { return }
    let stop = writer.layout.stop(
      after: answers.compactMap { $0 },
      below: writer.layout.groupsBase ?? writer.layout.accountsBase, on: connection)
    for (position, work) in writers.enumerated() {
      if let answer = answers[position] {
        take(answer, work, &batch)
      } else {
        writer.works[work].settleUnsent(
          .failed(.retryLater, reason: reasons[position] ?? ""), &batch)
      }
    }
    if let stop { for work in open { writer.works[work].stop(stop, &batch) } }
  }

  private mutating func take(_ answer: LDAPSearchResult, _ work: Int, _ batch: inout Batch) {
    guard answer.result.code != .unavailableCriticalExtension else {
      return writer.works[work].settleUnsent(
        .failed(.retryLater, reason: TrialServer.unsupported), &batch)
    }
    if writer.works[work].wasDeleted, answer.result.isSuccess {
      return writer.works[work].giveUp(.applied(), &batch)
    }
    let version = writer.works[work].state?.version
    writer.works[work].sent(answer, writer.traits, bound: writer.bound, &batch)
    writer.works[work].settleTried(version, &batch)
  }
}

extension GroupWork {
  /// After an answer to a request that was not carried out: what would be done is settled, and the group
  /// still has the version that was read.
  fileprivate mutating func settleTried(_ version: GroupVersion?, _ batch: inout Batch) {
    for position in items.indices where items[position].delivery == .answered {
      batch.settle(items[position].index, .applied())
    }
    state?.version = version
    expected = nil
  }
}
