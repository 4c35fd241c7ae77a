internal import CCurl
internal import Glibc

/// What libcurl wants to be told of: sockets, by epoll(7), and a time. Used under the loop's lock,
/// but for waiting.
final class SocketWatch {
  /// Of the epoll instance; anybody may wait on it.
  let descriptor: Int32
  /// When libcurl wants to be called next.
  private(set) var deadline: ContinuousClock.Instant?
  /// Sockets that libcurl lets rest. They stay watched: most are wanted again with the next request.
  private var resting: Set<Int32> = []
  /// Sockets of connections that answers have come by.
  private(set) var connections: Set<Int32> = []

  init() {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(descriptor >= 0, "the system gives no epoll instance")
  }

  deinit { close(descriptor) }

  /// Tells `multi` to use this, which must outlive it.
  func serve(_ multi: UnsafeMutableRawPointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
    ccurl_multi_set_socket_callback(multi) { _, socket, interest, context, _ in
      SocketWatch.from(context)?.watch(socket, interest)
      return 0
    }
    ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
    ccurl_multi_set_timer_callback(multi) { _, milliseconds, context in
      SocketWatch.from(context)?.deadline =
        milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
      return 0
    }
  }

  /// Lets the connections that `easy` makes be closed by way of this.
  func hearOfClosing(_ easy: UnsafeMutableRawPointer) {
    ccurl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(self).toOpaque())
    ccurl_set_close_callback(easy) { context, socket in
      SocketWatch.from(context)?.noteClosing(socket)
      return close(socket)
    }
  }

  /// Whether libcurl's time has come; then it has to set another.
  func takeDeadline() -> Bool {
    guard let due = deadline, due <= .now else { return false }
    deadline = nil
    return true
  }

  func isWanted(_ socket: Int32) -> Bool { !resting.contains(socket) }

  func noteAnswer(by easy: UnsafeMutableRawPointer) {
    var socket = CURL_SOCKET_BAD
    if ccurl_get_socket(easy, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD {
      connections.insert(socket)
    }
  }

  private func noteClosing(_ socket: Int32) {
    connections.remove(socket)
    resting.remove(socket)
    forget(socket)
  }

  /// No longer watches a socket that rests and something happened to.
  func forget(_ socket: Int32) { epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nil) }

  private func watch(_ socket: Int32, _ interest: Int32) {
    guard interest != CURL_POLL_REMOVE else {
      resting.insert(socket)
      return
    }
    resting.remove(socket)
    var events: UInt32 = 0
    if interest & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
    if interest & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
    var event = epoll_event(events: events, data: epoll_data_t(fd: socket))
    if epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) != 0 {
      epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event)
    }
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> SocketWatch? {
    context.map { Unmanaged<SocketWatch>.fromOpaque($0).takeUnretainedValue() }
  }
}
