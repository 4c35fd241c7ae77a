/// Sends one HTTP request and gives its answer, whatever its status. Never follows a redirect and
/// never repeats a request that may have been received.
package protocol HTTPTransport: Sendable {
  func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}
