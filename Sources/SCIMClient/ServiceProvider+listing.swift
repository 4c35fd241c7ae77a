internal import HTTPTransport
internal import JSON

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
    var style = capabilities.paging
    var mayRestart = true
    while !listing.isFinished {
      let page: ListPage
      do throws(SCIMError) {
        page = try await self.page(
          type, query + paging(listing, style, capabilities), redacting: filter?.value,
          capabilities)
      } catch {
        if listing.isAtStart, style != .none, error.dislikesPaging {
          style = .none
          continue
        }
        if listing.cursor != nil, mayRestart, error.isAboutCursor {
          mayRestart = false
          listing.restart()
          continue
        }
        if listing.isAtStart || error.isFinal { throw error }
        listing.stop(reason: "\(error)")
        break
      }
      listing.receive(page, asked: capabilities.pageSize, byCursor: style == .cursor)
        .forEach(receive)
      if style == .none, listing.cursor == nil, page.total == nil {
        listing.stop(
          reason: capabilities.paging == .none ? nil : "it has no pages and no total")
      }
    }
    return listing.end
  }

  /// A service that dislikes `count` may know `startIndex`: its first page goes without either.
  private func paging(
    _ listing: Listing, _ style: Capabilities.Paging, _ capabilities: Capabilities
  ) -> [(name: String, value: String)] {
    let count = (name: "count", value: "\(capabilities.pageSize)")
    let start = (name: "startIndex", value: "\(listing.startIndex)")
    if let cursor = listing.cursor {
      return [("cursor", cursor)] + (style == .cursor ? [count] : [])
    }
    return switch style {
    case .index: [start, count]
    case .cursor: [("cursor", ""), count]
    case .none: listing.isAtStart ? [] : [start]
    }
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

  /// RFC 9865 §2.1: the cursor ran out, or the service forgot it.
  fileprivate var isAboutCursor: Bool {
    guard case .answer(let answer) = cause else { return false }
    return ["expiredCursor", "invalidCursor"].contains(answer.scimType)
  }

  fileprivate var isFinal: Bool {
    if case .closed = cause { true } else { false }
  }
}
