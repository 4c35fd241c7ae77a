import CLDAP

extension LDAPConnection {
  /// Sends the requests in their order with up to `window` of them in flight, and gives one result
  /// for each. A request for an entry that another one in flight is writing waits: servers work on
  /// the requests of one connection in parallel.
  ///
  /// Entries of searches are handed to `entry` with the position of their request as they come. When
  /// the server gives no sign for the operation timeout, or the task is cancelled, the connection is
  /// closed: a late answer must not be taken for that to another request.
  package func perform(
    _ requests: [LDAPRequest], window: Int = 16,
    entry: (Int, borrowing LDAPEntry) -> Void = { _, _ in }
  ) -> [LDAPSearchResult] {
    var exchange = Exchange(count: requests.count)
    var next = 0
    while let pointer, next < requests.count || !exchange.waiting.isEmpty {
      while next < requests.count, exchange.waiting.count < window,
        !exchange.isWriting(requests[next])
      {
        switch send(requests[next], pointer) {
        case .waiting(let id):
          exchange.wait(for: requests[next], at: next, id: id)
        case .failed(let result):
          exchange.results[next] = result
          if result.delivery == .unanswered {
            close()
            return exchange.end(LDAPError(result), sent: next + 1)
          }
        }
        next += 1
      }
      guard !exchange.waiting.isEmpty else { continue }
      switch receive(pointer) {
      case .entry(let id, let message):
        if let index = exchange.waiting[id] {
          exchange.entries[index] += 1
          entry(index, LDAPEntry(connection: pointer, message: message))
        }
        discard(message)
      case .reference(let id):
        if let index = exchange.waiting[id] { exchange.references[index] += 1 }
      case .result(let id, let result, _):
        exchange.finish(id, result, requests)
      case .lost(let error):
        close()
        return exchange.end(error, sent: next)
      }
    }
    return exchange.end(LDAPError(code: .serverDown, diagnostic: "not connected"), sent: next)
  }
}

/// The requests of one call, and what became of them so far.
private struct Exchange {
  var results: [LDAPResult?]
  var entries: [Int]
  var references: [Int]
  private var began: [ContinuousClock.Instant?]
  private var took: [Duration]
  private var lastAnswer = ContinuousClock.now
  /// Positions by message id.
  private(set) var waiting: [Int32: Int] = [:]
  private var writing: Set<DistinguishedName> = []

  init(count: Int) {
    results = Array(repeating: nil, count: count)
    entries = Array(repeating: 0, count: count)
    references = entries
    began = Array(repeating: nil, count: count)
    took = Array(repeating: .zero, count: count)
  }

  func isWriting(_ request: LDAPRequest) -> Bool {
    request.writtenEntry.map(writing.contains) ?? false
  }

  mutating func wait(for request: LDAPRequest, at index: Int, id: Int32) {
    waiting[id] = index
    began[index] = .now
    if let name = request.writtenEntry { writing.insert(name) }
  }

  mutating func finish(_ id: Int32, _ result: LDAPResult, _ requests: [LDAPRequest]) {
    guard let index = waiting.removeValue(forKey: id) else { return }
    results[index] = result
    let now = ContinuousClock.now
    took[index] = now - max(began[index] ?? lastAnswer, lastAnswer)
    lastAnswer = now
    if let name = requests[index].writtenEntry { writing.remove(name) }
  }

  /// One result for each request; those without one share what ended the exchange.
  func end(_ error: LDAPError, sent: Int) -> [LDAPSearchResult] {
    results.indices.map { index in
      let missing = LDAPResult(
        code: error.code, diagnostic: error.diagnostic,
        delivery: index < sent ? .unanswered : .unsent)
      return LDAPSearchResult(
        result: results[index] ?? missing, entries: entries[index], references: references[index],
        took: took[index])
    }
  }
}
