internal import CCurl
internal import Glibc

/// An easy handle, set up once and used for one request after the other: what has come in so far,
/// and who waits for it. Used under the loop's lock only.
final class CurlTransfer {
  let easy: UnsafeMutableRawPointer
  private let configuration: CurlTransport.Configuration
  private var submission: Submission?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var hasStarted = false
  private var headerBytes = 0
  private var fields: [HTTPField] = []
  private var body: [UInt8] = []
  private var exceedsLimit = false

  /// `nil` without memory.
  init?(_ configuration: CurlTransport.Configuration, _ watch: SocketWatch) {
    guard let easy = curl_easy_init() else { return nil }
    self.easy = easy
    self.configuration = configuration
    watch.hearOfClosing(easy)
    noticeStart()
    receive()
    restrict()
    limitTime()
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
  }

  var isCancellationRequested: Bool { submission?.cancellation.isRequested ?? false }

  func cancel() -> Ending { fail(.cancelled, "the request was cancelled") }

  func finish(_ result: CURLcode) -> Ending {
    guard result == CURLE_OK else {
      let (kind, words) = exceedsLimit ? (.tooLarge, Self.tooLarge) : Self.meaning(of: result)
      return fail(kind, words)
    }
    var status = 0
    ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
    let response = HTTPResponse(status: status, fields: fields, body: body)
    return Ending(continuation: end().continuation, result: .success(response))
  }

  func fail(_ kind: TransportError.Kind, _ words: String) -> Ending {
    let sent: TransportError.Sent = hasStarted ? .unknown : .no
    return end().failure(kind, sent: sent, words)
  }

  /// Forgets the request, its credential and its answer.
  private func end() -> Submission {
    guard let submission else { preconditionFailure("a transfer ends that was not begun") }
    ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, nil)
    curl_slist_free_all(headerList)
    ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, nil)
    (headerList, headerBytes, fields, body) = (nil, 0, [], [])
    (hasStarted, exceedsLimit) = (false, false)
    self.submission = nil
    return submission
  }

  func begin(_ submission: Submission) {
    self.submission = submission
    let request = submission.request
    ccurl_set_string(easy, CURLOPT_URL, request.url.description)
    for field in request.fields {
      headerList = curl_slist_append(headerList, "\(field.name): \(field.value)")
    }
    // A server that does not know `Expect: 100-continue` would cost a second for each large body.
    headerList = curl_slist_append(headerList, "Expect:")
    ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)
    if let body = request.body {
      ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
      _ = body.withUnsafeBytes { bytes in
        ccurl_set_pointer(
          easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
      }
    } else {
      ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
    }
    ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    // One HTTP/2 connection for many requests, rather than one connection each until the first
    // tells that it can carry them.
    ccurl_set_long(easy, CURLOPT_PIPEWAIT, request.url.scheme == .https ? 1 : 0)
    if let proxy = configuration.proxy { use(request.url.isLoopback ? nil : proxy) }
  }

  /// libcurl calls this once it has a connection and before the request's first byte. Its own count
  /// of what it sent leaves out whatever went out after a first try that would have blocked.
  private func noticeStart() {
    ccurl_set_pointer(easy, CURLOPT_PREREQDATA, Unmanaged.passUnretained(self).toOpaque())
    ccurl_set_start_callback(easy) { context, _, _, _, _ in
      CurlTransfer.from(context)?.start() ?? CURL_PREREQFUNC_ABORT
    }
  }

  /// libcurl would send a POST again by itself when a kept-alive connection is closed without an
  /// answer, and the first one may have been acted on.
  private func start() -> Int32 {
    if hasStarted, submission?.request.body != nil { return CURL_PREREQFUNC_ABORT }
    hasStarted = true
    return CURL_PREREQFUNC_OK
  }

  private func receive() {
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
    ccurl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      CurlTransfer.from(context)?
        .append(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
    }
    ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
    ccurl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      CurlTransfer.from(context)?
        .appendHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
    }
    ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(configuration.responseLimit))
  }

  private func restrict() {
    ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
    ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    use(nil)
    ccurl_set_long(easy, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
    ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
    ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
    ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
    ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = configuration.caFile {
      ccurl_set_string(easy, CURLOPT_CAINFO, caFile)
      ccurl_set_string(easy, CURLOPT_CAPATH, nil)
    }
    if let certificate = configuration.clientCertificate {
      ccurl_set_string(easy, CURLOPT_SSLCERT, certificate.certificateFile)
      ccurl_set_string(easy, CURLOPT_SSLKEY, certificate.keyFile)
    }
    ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")
    ccurl_set_string(easy, CURLOPT_USERAGENT, UserAgent.value)
    ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
  }

  /// An empty proxy and `*` keep libcurl from looking into the environment.
  private func use(_ proxy: HTTPURL?) {
    ccurl_set_string(easy, CURLOPT_PROXY, proxy.map { "\($0)" } ?? "")
    ccurl_set_string(easy, CURLOPT_NOPROXY, proxy == nil ? "*" : "")
    ccurl_set_long(easy, CURLOPT_HTTPPROXYTUNNEL, proxy == nil ? 0 : 1)
    ccurl_set_long(easy, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
    ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
  }

  private func limitTime() {
    ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
    ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, configuration.totalTimeout.milliseconds)
    ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
    ccurl_set_long(
      easy, CURLOPT_LOW_SPEED_TIME, max(1, configuration.idleTimeout.milliseconds / 1000))
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Less than it was given makes libcurl end the transfer.
  private func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= configuration.responseLimit else {
      exceedsLimit = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func appendHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= configuration.responseLimit else {
      exceedsLimit = true
      return 0
    }
    if bytes.starts(with: "HTTP/".utf8) {
      // An interim answer (1xx) is followed by the header of the real one.
      fields = []
    } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      fields.append(
        HTTPField(
          String(decoding: bytes[..<colon], as: UTF8.self), Self.trimmed(bytes[(colon + 1)...])))
    }
    return bytes.count
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    let start = bytes.drop(while: isSpace)
    guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(decoding: start[...last], as: UTF8.self)
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
