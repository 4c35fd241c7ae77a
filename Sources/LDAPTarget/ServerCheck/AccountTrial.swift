import AccessModel
import LDAPClient

/// Asks what would become of accounts: the first request that `AccountWriter` would send for each.
struct AccountTrial {
  private let writer: AccountWriter
  private let layout: Layout

  /// `writer` has taken its changes.
  init(_ writer: AccountWriter) { (self.writer, layout) = (writer, writer.layout) }

  /// What could not be asked is settled as `failed(.retryLater)`.
  func run(
    _ batch: inout Batch, _ server: inout TrialServer, on connection: isolated LDAPConnection
  ) {
    let open = writer.works.indices.filter { batch.isOpen(writer.works[$0].index) }
    guard !open.isEmpty, let readings = writer.read(open, &batch, on: connection) else { return }
    var requests: [LDAPRequest] = []
    var senders: [(work: AccountWork, isAll: Bool)] = []
    for (position, reading) in zip(open, readings) {
      guard let reading else { continue }
      var work = writer.works[position]
      switch work.decide(reading) {
      case .settle(let outcome): batch.settle(work.index, outcome)
      case .send(let request, let isLast):
        requests.append(request)
        senders.append((work, isLast || work.names.count == 1))
      }
    }
    server.look(beside: requests, objectClasses: layout.accountClasses, on: connection)
    server.look(requests, on: connection)
    guard connection.isOpen else { return }
    let (answers, reasons) = server.ask(requests, on: connection)
    let stop = layout.stop(
      after: answers.compactMap { $0 }, below: layout.accountsBase, on: connection)
    for (position, sender) in senders.enumerated() {
      batch.settle(
        sender.work.index,
        Self.outcome(answers[position], reasons[position], isAll: sender.isAll, stop))
    }
  }

  private static func outcome(
    _ answer: LDAPSearchResult?, _ reason: String?, isAll: Bool, _ stop: Outcome?
  ) -> Outcome {
    guard let result = answer?.result else { return .failed(.retryLater, reason: reason ?? "") }
    switch result.code {
    case .success where isAll: return .applied()
    case .success:
      return .failed(
        .retryLater,
        reason:
          "its attributes would be changed; whether it may be moved then cannot be asked before")
    case .unavailableCriticalExtension:
      return .failed(.retryLater, reason: TrialServer.unsupported)
    default: return result.code.isAboutTheRequest ? result.outcome : stop ?? result.outcome
    }
  }
}
