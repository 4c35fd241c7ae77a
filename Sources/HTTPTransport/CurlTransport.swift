internal import Synchronization

/// HTTP by libcurl's multi interface: HTTP/2 where the server offers it, keep-alive, TLS 1.2 or
/// newer with chain and host name always checked.
///
/// Transfers run on one thread of their own, so callers suspend and never block the cooperative
/// pool. Nothing is taken from the environment: no proxy, no `.netrc`, no cookies, no alternative
/// service. Compressed answers are asked for; limits count what they unfold to.
package final class CurlTransport: HTTPTransport {
  package struct Configuration: Sendable {
    /// Trust the authorities in this PEM file and no others; `nil` trusts those of the system.
    package var caFile: String?
    /// What shows the server who we are (mutual TLS); `nil` shows nothing.
    package var clientCertificate: ClientCertificate?
    /// Reaches https servers through this proxy; `nil` connects directly. The request and its
    /// credential stay inside the tunnel.
    package var proxy: HTTPURL?
    /// Name resolution, connecting and the TLS handshake.
    package var connectTimeout: Duration = .seconds(10)
    /// From start to the last byte.
    package var totalTimeout: Duration = .seconds(60)
    /// Without a byte moving; counted in whole seconds.
    package var idleTimeout: Duration = .seconds(30)
    /// Bytes of the body, and as many again of the header.
    package var responseLimit = 64 << 20
    /// Plain http to link-local addresses too: where clouds give their machines tokens.
    package var allowsLinkLocal = false
    /// Connections held open to one host.
    package var connectionsPerHost = 4

    package init() {}
  }

  /// PEM files; the certificate's may hold its chain after it.
  package struct ClientCertificate: Sendable, Equatable {
    package let certificateFile: String
    package let keyFile: String

    package init(certificateFile: String, keyFile: String) {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
    }
  }

  private let allowsLinkLocal: Bool
  private let loop: CurlLoop

  package init(_ configuration: Configuration = .init()) {
    allowsLinkLocal = configuration.allowsLinkLocal
    loop = CurlLoop(configuration)
  }

  deinit { loop.stop() }

  package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
    try refuseUnsafe(request)
    let cancellation = Cancellation()
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.submit(
          Submission(request: request, cancellation: cancellation, continuation: continuation))
      }
    } onCancel: {
      cancellation.request()
      loop.wakeUp()
    }
    return try answer.get()
  }

  private func refuseUnsafe(_ request: HTTPRequest) throws(TransportError) {
    let isNear = allowsLinkLocal && request.url.isLinkLocal
    guard request.url.isProtected || isNear else {
      throw TransportError(
        kind: .refused, sent: .no,
        message: "plain http to \(request.url.host) would show the credential to the network; "
          + "use https")
    }
    for field in request.fields {
      guard !field.name.isEmpty, field.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
        !field.name.utf8.contains(UInt8(ascii: ":")),
        field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
      else {
        throw TransportError(
          kind: .refused, sent: .no, message: "a request header holds a control character")
      }
    }
  }
}

/// A request on its way to the loop's thread, and where its answer goes.
struct Submission: Sendable {
  let request: HTTPRequest
  let cancellation: Cancellation
  let continuation: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>

  func failure(
    _ kind: TransportError.Kind, sent: TransportError.Sent, _ words: String
  ) -> Ending {
    Ending(
      continuation: continuation,
      result: .failure(
        TransportError(
          kind: kind, sent: sent,
          message: "\(request.method.rawValue) \(request.url.host):\(request.url.port): \(words)")))
  }
}

final class Cancellation: Sendable {
  private let flag = Atomic(false)

  func request() { flag.store(true, ordering: .releasing) }
  var isRequested: Bool { flag.load(ordering: .acquiring) }
}
