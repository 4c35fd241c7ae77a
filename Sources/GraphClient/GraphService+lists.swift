package import HTTPTransport
package import JSON

extension GraphService {
  /// One page of a list, as data.
  package struct Page: Sendable {
    package let values: [JSONValue]
    package let nextLink: String?
    /// Of `/delta`: where the next round begins.
    package let deltaLink: String?
  }

  package func page(_ url: HTTPURL, _ budget: RetryBudget) async throws(GraphError) -> Page {
    let body = try await object(url, budget)
    guard let values = body["value"]?.elements else {
      throw GraphError(
        action: "GET \(url.path)", cause: .malformed("the answer has no list 'value'"))
    }
    return Page(
      values: values, nextLink: body["@odata.nextLink"]?.text,
      deltaLink: body["@odata.deltaLink"]?.text)
  }

  /// All pages of a list that is short enough to be held.
  package func list(
    _ first: HTTPURL, _ budget: RetryBudget
  ) async throws(GraphError) -> [JSONValue] {
    var walk = PageWalk(from: first)
    var values: [JSONValue] = []
    while let url = walk.next {
      let page = try await page(url, budget)
      values += page.values
      try walk.advance(link: page.nextLink, isEmpty: page.values.isEmpty)
    }
    return values
  }
}
