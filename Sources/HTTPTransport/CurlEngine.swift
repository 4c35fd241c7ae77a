internal import CCurl
internal import Glibc

/// One libcurl multi handle and its transfers. libcurl allows any thread, one at a time: everything
/// here happens under the loop's lock.
struct CurlEngine {
  private let configuration: CurlTransport.Configuration
  private let multi: UnsafeMutableRawPointer
  private let watch: SocketWatch
  private var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
  /// Set up, and free for the next request.
  private var idle: [CurlTransfer] = []
  /// Those that have ended, whom nobody told yet.
  private var endings: [Ending] = []
  /// When the loop's thread looks by itself.
  private var nextLook = ContinuousClock.now

  init(_ configuration: CurlTransport.Configuration, _ watch: SocketWatch) {
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl is out of memory") }
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHost)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.connectionsPerHost)
    watch.serve(multi)
    self.configuration = configuration
    self.multi = multi
    self.watch = watch
  }

  /// Ends every connection; nothing can be done afterwards. No transfer is under way.
  mutating func close() {
    (active, idle) = ([:], [])
    curl_multi_cleanup(multi)
  }

  /// Whether a connection is free: then to begin a request is to send it, and takes no time.
  var hasFreeConnection: Bool { watch.connections.count > active.count }

  /// Begins a request, and sends it if there is a connection for it.
  mutating func start(_ submission: Submission) {
    guard let transfer = idle.popLast() ?? CurlTransfer(configuration, watch) else {
      endings.append(submission.failure(.refused, sent: .no, "libcurl is out of memory"))
      return
    }
    transfer.begin(submission)
    guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
      endings.append(transfer.fail(.refused, "libcurl does not take the request"))
      return
    }
    active[transfer.easy] = transfer
    drive(CURL_SOCKET_TIMEOUT)
    if transfer.isCancellationRequested { endCancelled() }
  }

  /// Lets libcurl read from a socket or write to it.
  mutating func act(on socket: Int32, _ events: Int32) {
    guard watch.isWanted(socket) else { return watch.forget(socket) }
    drive(socket, events)
  }

  /// Lets libcurl do what its time has come for.
  mutating func lookAtTime() {
    if watch.takeDeadline() || nextLook <= .now { drive(CURL_SOCKET_TIMEOUT) }
  }

  private mutating func drive(_ socket: Int32, _ events: Int32 = 0) {
    var running: Int32 = 0
    curl_multi_socket_action(multi, socket, events, &running)
    // What is due at once is done before anybody waits. A few times: more can wait for the loop.
    for _ in 0..<8 where watch.takeDeadline() {
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
    }
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
        continue
      }
      let result = ccurl_result(message)
      watch.noteAnswer(by: easy)
      end(easy) { $0.finish(result) }
    }
  }

  mutating func endCancelled() {
    for (easy, transfer) in active where transfer.isCancellationRequested {
      end(easy) { $0.cancel() }
    }
  }

  private mutating func end(
    _ easy: UnsafeMutableRawPointer, _ ending: (CurlTransfer) -> Ending
  ) {
    curl_multi_remove_handle(multi, easy)
    guard let transfer = active.removeValue(forKey: easy) else { return }
    endings.append(ending(transfer))
    idle.append(transfer)
  }

  mutating func takeEndings() -> [Ending] {
    defer { endings = [] }
    return endings
  }

  /// How long the loop's thread may wait, in milliseconds; a second at most.
  mutating func plan() -> Int32 {
    let now = ContinuousClock.now
    nextLook = min(watch.deadline ?? now + .seconds(1), now + .seconds(1))
    let wait = (nextLook - now).components
    guard wait.seconds >= 0, nextLook > now else { return 0 }
    let millisecond: Int64 = 1_000_000_000_000_000
    return Int32(wait.seconds * 1000 + (wait.attoseconds + millisecond - 1) / millisecond)
  }

  /// Whether libcurl wants to be called so long before the loop's thread looks by itself that it
  /// matters.
  var isHurried: Bool { watch.deadline.map { $0 + .milliseconds(100) < nextLook } ?? false }
}

/// What became of a request, and who waits for it.
struct Ending: Sendable {
  let continuation: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
  let result: Result<HTTPResponse, TransportError>

  func tell() { continuation.resume(returning: result) }
}
