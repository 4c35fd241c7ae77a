internal import JSON

/// One ListResponse (RFC 7644 §3.4.2), or a bare array.
struct ListPage {
  let records: [JSONValue]
  let total: Int?
  let nextCursor: String?

  /// Throws if it is neither, or leaves the records out although it does not count any.
  init(_ body: JSONValue) throws(MalformedJSON) {
    total = body["totalResults"]?.integer
    nextCursor = body["nextCursor"]?.text.flatMap { $0.isEmpty ? nil : $0 }
    let resources = body["Resources"]
    if let records = resources?.elements ?? body.elements {
      self.records = records
    } else if total != nil, resources == nil || resources == .null {
      // The RFC leaves Resources out where there are none, also past the last page.
      records = []
    } else {
      throw MalformedJSON(description: "no list of resources")
    }
  }
}
