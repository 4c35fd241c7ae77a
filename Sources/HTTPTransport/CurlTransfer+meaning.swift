internal import CCurl

extension CurlTransfer {
  static let tooLarge = "the answer exceeds the size limit"

  /// What a libcurl result (libcurl-errors(3)) means here.
  static func meaning(of result: CURLcode) -> (TransportError.Kind, String) {
    let words = String(cString: curl_easy_strerror(result))
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY:
      return (.unreachable, words)
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return (.insecure, words)
    case CURLE_OPERATION_TIMEDOUT:
      return (.timedOut, words)
    case CURLE_ABORTED_BY_CALLBACK:
      return (.broken, "the connection closed without an answer")
    case CURLE_FILESIZE_EXCEEDED:
      return (.tooLarge, tooLarge)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED:
      return (.refused, words)
    default:
      return (.broken, words)
    }
  }
}
