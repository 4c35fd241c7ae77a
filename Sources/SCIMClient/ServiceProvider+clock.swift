internal import HTTPTransport

extension ServiceProvider {
  /// The service's clock by the `Date` of its next answer, whatever that answers (RFC 9110 §6.6.1), in
  /// seconds since 1970; `nil` if it has none. Asks once, and needs no credential for it.
  package func clock() async throws(SCIMError) -> Int64? {
    let url = baseURL.appending("ServiceProviderConfig")
    let request = HTTPRequest(.get, url, fields: [HTTPField("Cache-Control", "no-cache")])
    switch await send(request).result {
    case .success(let response): return response.serverTime
    case .failure(let error):
      throw SCIMError(action: "GET \(url.path)", cause: .transport(error))
    }
  }
}
