internal import CCurl
internal import Glibc
internal import Synchronization

/// A thread that drives one libcurl multi handle. Everything but the inbox belongs to that thread.
final class CurlLoop: Sendable {
  private struct Inbox {
    var submissions: [Submission] = []
    var isStopped = false
  }

  private let inbox = Mutex(Inbox())
  // SAFETY: only the loop's thread uses the handle, but for `curl_multi_wakeup`, which libcurl
  // allows from any thread and which is called under the inbox's lock before the thread can see the
  // stop.
  private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

  init(connectionsPerHost: Int) {
    Self.initializeOnce
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl is out of memory") }
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connectionsPerHost)
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

  func submit(_ submission: Submission) {
    inbox.withLock {
      $0.submissions.append(submission)
      _ = curl_multi_wakeup(multi)
    }
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
    var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    while true {
      let (submissions, isStopped) = inbox.withLock { inbox in
        defer { inbox.submissions = [] }
        return (inbox.submissions, inbox.isStopped)
      }
      if isStopped, submissions.isEmpty { break }
      for submission in submissions { start(submission, &active) }
      for (easy, transfer) in active where transfer.isCancellationRequested {
        active[easy] = nil
        curl_multi_remove_handle(multi, easy)
        transfer.cancel()
      }
      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      finish(&active)
      curl_multi_poll(multi, nil, 0, 1000, nil)
    }
    curl_multi_cleanup(multi)
  }

  private func start(
    _ submission: Submission, _ active: inout [UnsafeMutableRawPointer: CurlTransfer]
  ) {
    let transfer = CurlTransfer(submission)
    guard let easy = transfer.easy, curl_multi_add_handle(multi, easy) == CURLM_OK else {
      return transfer.fail(.refused, "libcurl does not take the request")
    }
    active[easy] = transfer
  }

  private func finish(_ active: inout [UnsafeMutableRawPointer: CurlTransfer]) {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
        continue
      }
      let result = ccurl_result(message)
      curl_multi_remove_handle(multi, easy)
      active.removeValue(forKey: easy)?.finish(result)
    }
  }
}
