internal import CCurl
internal import Glibc

/// One request under way: its easy handle, what has come in so far, and who waits for it. Lives on
/// the loop's thread only.
final class CurlTransfer {
  let easy: UnsafeMutableRawPointer?
  private let submission: Submission
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var hasStarted = false
  private var sentBytes = 0
  private var headerBytes = 0
  private var fields: [HTTPField] = []
  private var body: [UInt8] = []
  private var exceedsLimit = false

  init(_ submission: Submission) {
    self.submission = submission
    easy = curl_easy_init()
    if let easy { configure(easy) }
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
  }

  var isCancellationRequested: Bool { submission.cancellation.isRequested }

  func cancel() { fail(.cancelled, "the request was cancelled") }

  func finish(_ result: CURLcode) {
    guard result == CURLE_OK else {
      let (kind, words) = exceedsLimit ? (.tooLarge, Self.tooLarge) : Self.meaning(of: result)
      return fail(kind, words)
    }
    var status = 0
    if let easy { ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status) }
    submission.continuation.resume(
      returning: .success(HTTPResponse(status: status, fields: fields, body: body)))
  }

  func fail(_ kind: TransportError.Kind, _ words: String) {
    let url = submission.request.url
    submission.continuation.resume(
      returning: .failure(
        TransportError(
          kind: kind, sent: hasStarted ? .unknown : .no,
          message: "\(submission.request.method.rawValue) \(url.host):\(url.port): \(words)")))
  }

  private func configure(_ easy: UnsafeMutableRawPointer) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    let request = submission.request
    ccurl_set_string(easy, CURLOPT_URL, request.url.description)
    ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    ccurl_set_string(easy, CURLOPT_USERAGENT, UserAgent.value)
    for field in request.fields {
      headerList = curl_slist_append(headerList, "\(field.name): \(field.value)")
    }
    // A server that does not know `Expect: 100-continue` would cost a second for each large body.
    headerList = curl_slist_append(headerList, "Expect:")
    ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)
    noticeStart(easy, context)
    if let body = request.body { upload(body, easy, context) }
    receive(easy, context)
    restrict(easy)
    limitTime(easy)
  }

  /// libcurl calls this once it has a connection and before the request's first byte. Its own count
  /// of what it sent leaves out whatever went out after a first try that would have blocked.
  private func noticeStart(_ easy: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer) {
    ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context)
    ccurl_set_start_callback(easy) { context, _, _, _, _ in
      CurlTransfer.from(context)?.hasStarted = true
      return CURL_PREREQFUNC_OK
    }
  }

  /// The body is read through a callback that cannot be rewound: libcurl would otherwise send a
  /// POST again by itself when a kept-alive connection is closed without an answer, and the first
  /// one may have been acted on.
  private func upload(
    _ body: [UInt8], _ easy: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer
  ) {
    ccurl_set_long(easy, CURLOPT_POST, 1)
    ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
    ccurl_set_pointer(easy, CURLOPT_READDATA, context)
    ccurl_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
      guard let bytes, let transfer = CurlTransfer.from(context) else {
        return Int(CURL_READFUNC_ABORT)
      }
      return transfer.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }
    ccurl_set_seek_callback(easy) { _, _, _ in CURL_SEEKFUNC_FAIL }
  }

  private func receive(_ easy: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer) {
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
    ccurl_set_offset(
      easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(submission.configuration.responseLimit))
  }

  private func restrict(_ easy: UnsafeMutableRawPointer) {
    let url = submission.request.url
    ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
    ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, url.scheme.rawValue)
    restrictProxy(easy)
    ccurl_set_long(easy, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
    ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
    ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
    ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
    ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caFile = submission.configuration.caFile {
      ccurl_set_string(easy, CURLOPT_CAINFO, caFile)
      ccurl_set_string(easy, CURLOPT_CAPATH, nil)
    }
    if let certificate = submission.configuration.clientCertificate {
      ccurl_set_string(easy, CURLOPT_SSLCERT, certificate.certificateFile)
      ccurl_set_string(easy, CURLOPT_SSLKEY, certificate.keyFile)
    }
    ccurl_set_long(
      easy, CURLOPT_HTTP_VERSION,
      Int(url.scheme == .https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
    // One HTTP/2 connection for many requests, rather than one connection each until the first
    // tells that it can carry them.
    ccurl_set_long(easy, CURLOPT_PIPEWAIT, url.scheme == .https ? 1 : 0)
    ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")
    ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
  }

  /// An empty proxy and `*` keep libcurl from looking into the environment.
  private func restrictProxy(_ easy: UnsafeMutableRawPointer) {
    let proxy = submission.request.url.isLoopback ? nil : submission.configuration.proxy
    ccurl_set_string(easy, CURLOPT_PROXY, proxy.map { "\($0)" } ?? "")
    ccurl_set_string(easy, CURLOPT_NOPROXY, proxy == nil ? "*" : "")
    ccurl_set_long(easy, CURLOPT_HTTPPROXYTUNNEL, proxy == nil ? 0 : 1)
    ccurl_set_long(easy, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
    ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
  }

  private func limitTime(_ easy: UnsafeMutableRawPointer) {
    let configuration = submission.configuration
    ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
    ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, configuration.totalTimeout.milliseconds)
    ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
    ccurl_set_long(
      easy, CURLOPT_LOW_SPEED_TIME, max(1, configuration.idleTimeout.milliseconds / 1000))
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let body = submission.request.body else { return 0 }
    let part = body[sentBytes..<min(body.count, sentBytes + buffer.count)]
    buffer.copyBytes(from: part)
    sentBytes += part.count
    return part.count
  }

  /// Less than it was given makes libcurl end the transfer.
  private func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= submission.configuration.responseLimit else {
      exceedsLimit = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func appendHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= submission.configuration.responseLimit else {
      exceedsLimit = true
      return 0
    }
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // An interim answer (1xx) is followed by the header of the real one.
      fields = []
    } else if let colon = line.firstIndex(of: ":") {
      fields.append(
        HTTPField(String(line[..<colon]), Self.trimmed(line[line.index(after: colon)...])))
    }
    return bytes.count
  }

  private static func trimmed(_ text: Substring) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    let start = text.drop(while: isSpace)
    guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(start[...last])
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
