internal import AccessModel
internal import SCIMClient

/// What became of one operation of a bulk request.
enum BulkFate: Sendable {
  /// `nil` where the answer does not tell.
  case answered(BulkResult?)
  /// It may have been done.
  case lost(SCIMError)
  /// It was not done, nor would it be by itself.
  case failed(SCIMError)
  /// It was not done; by itself it may be.
  case notSent
}

extension SCIMTarget {
  /// Operations in one request. A service may take long for each: more would not be answered in time.
  static let mostInBulk = 50

  /// Not once the service has shown that it cannot do this, or one was lost.
  var takesBulk: Bool { stopReason == nil && !inSession { $0.refusesBulk } }

  /// Sends operations in one request, or in several where that is too large (413). The size that was
  /// too large is remembered.
  func sendInBulk(
    _ operations: [BulkOperation], _ capabilities: Capabilities
  ) async -> [BulkFate] {
    guard operations.count > 1, takesBulk else { return operations.map { _ in .notSent } }
    if let most = knows(\.bulkBytes) {
      let size = provider.bulkSize(of: operations, capabilities)
      // Halves are not equal: a quarter more is tried.
      if size > most + most / 4 {
        let parts = min(operations.count, (size + most - 1) / most)
        let width = (operations.count + parts - 1) / parts
        var fates: [BulkFate] = []
        for start in stride(from: 0, to: operations.count, by: width) {
          let part = operations[start..<min(start + width, operations.count)]
          fates += await sendInBulk(Array(part), capabilities)
        }
        return fates
      }
    }
    do throws(SCIMError) {
      return try await provider.bulk(operations, capabilities).map(BulkFate.answered)
    } catch {
      if case .answer(let answer) = error.cause, let bytes = answer.tooLarge {
        knows { $0.learn(bulkBytes: (bytes + 1) / 2) }
        return await sendInBulk(operations, capabilities)
      }
      return operations.map { [fate = fate(after: error)] _ in fate }
    }
  }

  private func fate(after error: SCIMError) -> BulkFate {
    if error.mayHaveHappened {
      inSession { $0.refusesBulk = true }
      return .lost(error)
    }
    if case .answer = error.cause {
      inSession { $0.refusesBulk = true }
      return .notSent
    }
    if case .failed(.stopTarget, let reason) = error.outcome { stop(reason) }
    return .failed(error)
  }
}
