internal import HTTPTransport

extension ServiceProvider {
  /// Gives every resource of a type, or those that a filter selects, each once, to `receive`.
  ///
  /// A service may ignore the filter: compare what comes. Throws if not even the first page can be
  /// read, or the service is closed to us; a failure after that is an incomplete end.
  package func list(
    _ type: ResourceType, filter: Filter? = nil, excluding: String? = nil,
    _ capabilities: Capabilities, receive: (Resource) -> Void
  ) async throws(SCIMError) -> ListingEnd {
    var query: [(name: String, value: String)] = []
    if let filter { query.append(("filter", "\(filter)")) }
    if let excluding { query.append(("excludedAttributes", excluding)) }
    var listing = Listing()
    var usesIndex = true
    while !listing.isFinished {
      let page: ListPage
      do throws(SCIMError) {
        page = try await self.page(
          type, query + paging(listing, usesIndex, capabilities), redacting: filter?.value,
          capabilities)
      } catch {
        if listing.isAtStart, usesIndex, error.dislikesPaging {
          usesIndex = false
          continue
        }
        if listing.isAtStart || error.isFinal { throw error }
        listing.stop(reason: "\(error)")
        break
      }
      listing.receive(page, asked: capabilities.pageSize).forEach(receive)
      if !usesIndex, listing.cursor == nil {
        listing.stop(reason: page.total == nil ? "it has no pages and no total" : nil)
      }
    }
    return listing.end
  }

  private func paging(
    _ listing: Listing, _ usesIndex: Bool, _ capabilities: Capabilities
  ) -> [(name: String, value: String)] {
    if let cursor = listing.cursor { return [("cursor", cursor)] }
    return usesIndex
      ? [("startIndex", "\(listing.startIndex)"), ("count", "\(capabilities.pageSize)")] : []
  }

  private func page(
    _ type: ResourceType, _ query: [(name: String, value: String)], redacting value: String?,
    _ capabilities: Capabilities
  ) async throws(SCIMError) -> ListPage {
    let url = collection(type, capabilities).with(query: query)
    let response = try await exchange(.get, url, redacting: [value].compactMap(\.self))
    let body = try json(in: response, "GET \(url.path)")
    do throws(MalformedJSON) {
      return try ListPage(body)
    } catch {
      throw SCIMError(action: "GET \(url.path)", cause: .malformed("\(error)"))
    }
  }
}

extension SCIMError {
  /// Some services answer these to any `count` or `startIndex`.
  fileprivate var dislikesPaging: Bool { [400, 422, 500, 501].contains(status) }

  fileprivate var isFinal: Bool {
    if case .closed = cause { true } else { false }
  }
}
