internal import CCurl
internal import Glibc
internal import Synchronization

/// Drives one libcurl multi handle on a thread of its own. Where a connection is free and the thread
/// has nothing to do, a request is sent by who makes it, which saves waking the thread; nobody but the
/// thread ever waits for the engine's lock.
final class CurlLoop: Sendable {
  private struct Inbox {
    /// Requests that the thread has to begin.
    var submissions: [Submission] = []
    var isStopped = false
  }

  private let inbox = Mutex(Inbox())
  private let engine: Mutex<CurlEngine>
  /// Of the epoll instance that the engine keeps.
  private let sockets: Int32
  /// An eventfd(2) among them.
  private let bell: Int32

  init(_ configuration: CurlTransport.Configuration) {
    Self.initializeOnce
    let watch = SocketWatch()
    sockets = watch.descriptor
    bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(bell >= 0, "the system gives no eventfd")
    // Each ring is told once, so that nobody needs to take back what was rung.
    var event = epoll_event(
      events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(fd: bell))
    epoll_ctl(sockets, EPOLL_CTL_ADD, bell, &event)
    engine = Mutex(CurlEngine(configuration, watch))
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

  deinit { close(bell) }

  /// With `SSLKEYLOGFILE` in the environment libcurl would write the keys of every connection there.
  private static let initializeOnce: Void = {
    unsetenv("SSLKEYLOGFILE")
    let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    precondition(code == CURLE_OK, "libcurl does not start")
  }()

  func submit(_ submission: Submission) {
    let begun = engine.withLockIfAvailable { engine -> ([Ending], Bool)? in
      guard engine.hasFreeConnection else { return nil }
      engine.start(submission)
      return (engine.takeEndings(), engine.isHurried)
    }
    guard let (endings, isHurried) = begun ?? nil else {
      inbox.withLock { $0.submissions.append(submission) }
      return wakeUp()
    }
    for ending in endings { ending.tell() }
    if isHurried { wakeUp() }
  }

  /// Makes the loop look for requested cancellations.
  func wakeUp() { eventfd_write(bell, 1) }

  /// Ends the thread. Called once, when no transfer is under way.
  func stop() {
    inbox.withLock { $0.isStopped = true }
    wakeUp()
  }

  private func run() {
    var events = [epoll_event](repeating: epoll_event(), count: 16)
    var wait: Int32 = 0
    while true {
      let count = epoll_wait(sockets, &events, Int32(events.count), wait)
      let (submissions, isStopped) = inbox.withLock { inbox in
        defer { inbox.submissions = [] }
        return (inbox.submissions, inbox.isStopped)
      }
      if isStopped, submissions.isEmpty { break }
      let ready = events.prefix(Int(max(count, 0)))
      let endings = engine.withLock { engine in
        for submission in submissions { engine.start(submission) }
        for event in ready where event.data.fd != bell {
          engine.act(on: event.data.fd, event.readiness)
        }
        engine.lookAtTime()
        engine.endCancelled()
        wait = engine.plan()
        return engine.takeEndings()
      }
      for ending in endings { ending.tell() }
    }
    engine.withLock { $0.close() }
  }
}

extension epoll_event {
  /// In libcurl's words.
  fileprivate var readiness: Int32 {
    var result: Int32 = 0
    if events & EPOLLIN.rawValue != 0 { result |= CURL_CSELECT_IN }
    if events & EPOLLOUT.rawValue != 0 { result |= CURL_CSELECT_OUT }
    if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { result |= CURL_CSELECT_ERR }
    return result
  }
}
