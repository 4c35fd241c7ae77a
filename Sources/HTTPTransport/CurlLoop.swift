internal import CCurl
internal import Glibc
internal import Synchronization

/// A thread that drives one libcurl multi handle. Everything but the inbox belongs to that thread.
final class CurlLoop: Sendable {
  private struct Inbox {
    var submissions: [Submission] = []
    var isStopped = false
  }

  private let configuration: CurlTransport.Configuration
  private let inbox = Mutex(Inbox())
  // SAFETY: only the loop's thread uses the handle, but for `curl_multi_wakeup`, which libcurl
  // allows from any thread and which is called while the handle exists: under the inbox's lock
  // before the thread can see the stop, or for a request that has not ended, which comes before it.
  private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

  init(_ configuration: CurlTransport.Configuration) {
    Self.initializeOnce
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl is out of memory") }
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHost)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.connectionsPerHost)
    self.configuration = configuration
    self.multi = multi
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(status == 0, "the system gives no thread for HTTP transfers")
    pthread_detach(thread)
  }

  /// With `SSLKEYLOGFILE` in the environment libcurl would write the keys of every connection there.
  private static let initializeOnce: Void = {
    unsetenv("SSLKEYLOGFILE")
    let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    precondition(code == CURLE_OK, "libcurl does not start")
  }()

  /// The first since the thread looked wakes it; with the lock held it would wake to wait for that.
  func submit(_ submission: Submission) {
    let isFirst = inbox.withLock { inbox in
      inbox.submissions.append(submission)
      return inbox.submissions.count == 1
    }
    if isFirst { _ = curl_multi_wakeup(multi) }
  }

  /// Makes the loop look for requested cancellations.
  func wakeUp() {
    inbox.withLock { if !$0.isStopped { _ = curl_multi_wakeup(multi) } }
  }

  /// Ends the thread. Called once, when no transfer is under way.
  func stop() {
    inbox.withLock {
      $0.isStopped = true
      _ = curl_multi_wakeup(multi)
    }
  }

  private func run() {
    var transfers = Transfers()
    while true {
      let (submissions, isStopped) = inbox.withLock { inbox in
        defer { inbox.submissions = [] }
        return (inbox.submissions, inbox.isStopped)
      }
      if isStopped, submissions.isEmpty { break }
      for submission in submissions { start(submission, &transfers) }
      for (easy, transfer) in transfers.active where transfer.isCancellationRequested {
        curl_multi_remove_handle(multi, easy)
        transfer.cancel()
        transfers.rest(easy)
      }
      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      finish(&transfers)
      curl_multi_poll(multi, nil, 0, 1000, nil)
    }
    transfers = Transfers()
    curl_multi_cleanup(multi)
  }

  private struct Transfers {
    var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    /// Set up, and free for the next request.
    var idle: [CurlTransfer] = []

    mutating func rest(_ easy: UnsafeMutableRawPointer) {
      if let transfer = active.removeValue(forKey: easy) { idle.append(transfer) }
    }
  }

  private func start(_ submission: Submission, _ transfers: inout Transfers) {
    guard let transfer = transfers.idle.popLast() ?? CurlTransfer(configuration) else {
      return submission.fail(.refused, sent: .no, "libcurl is out of memory")
    }
    transfer.begin(submission)
    guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
      return transfer.fail(.refused, "libcurl does not take the request")
    }
    transfers.active[transfer.easy] = transfer
  }

  private func finish(_ transfers: inout Transfers) {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
        continue
      }
      let result = ccurl_result(message)
      curl_multi_remove_handle(multi, easy)
      transfers.active[easy]?.finish(result)
      transfers.rest(easy)
    }
  }
}
