package import HTTPTransport

/// The way through the pages of one list: from link to link, never to another place, never in a
/// circle, never through empty pages without end.
package struct PageWalk {
  private static let longestEmptyStretch = 100

  private let first: HTTPURL
  /// The page to read now; `nil` behind the last one.
  package private(set) var next: HTTPURL?
  /// Pages read so far.
  package private(set) var pages = 0
  private var seen: Set<String> = []
  private var emptyInARow = 0

  package init(from first: HTTPURL) {
    self.first = first
    next = first
    seen = [first.description]
  }

  /// From a link that was kept, which must lead to the same place as `first`.
  package init(from first: HTTPURL, at link: String) throws(GraphError) {
    self.init(from: first)
    do throws(LinkFault) {
      next = try PageLink.url(link, after: first)
    } catch {
      throw fault("the link kept from the last round: \(error.description)")
    }
  }

  /// What the page that was read gave. Throws where its link must not be followed.
  package mutating func advance(link: String?, isEmpty: Bool) throws(GraphError) {
    pages += 1
    next = nil
    guard let link else { return }
    let url: HTTPURL
    do throws(LinkFault) {
      url = try PageLink.url(link, after: first)
    } catch {
      throw fault("page \(pages): \(error.description)")
    }
    guard seen.insert(url.description).inserted else {
      throw fault("page \(pages) leads back to a page that was read, so the rest is unread")
    }
    emptyInARow = isEmpty ? emptyInARow + 1 : 0
    guard emptyInARow < Self.longestEmptyStretch else {
      throw fault("\(emptyInARow) empty pages in a row, and another one is to follow")
    }
    next = url
  }

  private func fault(_ words: String) -> GraphError {
    GraphError(action: "GET \(first.path)", cause: .link(words))
  }
}
