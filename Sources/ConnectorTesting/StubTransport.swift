package import HTTPTransport
internal import Synchronization

/// A transport whose answers a test writes, and which remembers what it was asked.
package final class StubTransport: HTTPTransport {
  package typealias Answer =
    @Sendable (HTTPRequest) async throws(TransportError) -> HTTPResponse

  private let answer: Answer
  private let received = Mutex<[HTTPRequest]>([])

  package init(_ answer: @escaping Answer) { self.answer = answer }

  /// In the order they came.
  package var requests: [HTTPRequest] { received.withLock { $0 } }

  package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
    received.withLock { $0.append(request) }
    return try await answer(request)
  }
}
