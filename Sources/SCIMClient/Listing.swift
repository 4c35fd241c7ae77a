/// How a listing ended. Paging agrees with the standard on few services, so what was received is
/// checked against itself and against the total the service gives.
package enum ListingEnd: Sendable, Equatable {
  case complete
  case incomplete(reason: String)
}

/// The state of paging through one collection, whatever the service does with `startIndex`.
struct Listing {
  private(set) var startIndex = 1
  private(set) var cursor: String?
  private(set) var isFinished = false
  private var ids: Set<[UInt8]> = []
  /// What was given on before the listing was begun anew.
  private var given: Set<[UInt8]> = []
  private var total: Int?
  private var firstTotal: Int?
  private var pages = 0
  private var fault: String?

  /// More pages than this are not read: a service can give new cursors for ever.
  private static let pageLimit = 100_000

  var isAtStart: Bool { pages == 0 }

  private var hasTotal: Bool { total == ids.count }

  /// Takes in a page, of which `asked` records were asked, and gives its resources that were on
  /// none before. Where the service pages by cursor, one that gives no further cursor is the last
  /// (RFC 9865 §2).
  mutating func receive(_ page: ListPage, asked: Int, byCursor: Bool) -> [Resource] {
    let isProbe = hasTotal && cursor == nil && pages > 0
    let isByCursor = byCursor || cursor != nil
    pages += 1
    var new: [Resource] = []
    var isNew = false
    var repeated = 0
    for record in page.records {
      guard let resource = Resource(record) else {
        fault = fault ?? "a record has no id"
        continue
      }
      let id = Array(resource.id.utf8)
      if ids.insert(id).inserted {
        if given.insert(id).inserted { new.append(resource) }
        isNew = true
      } else {
        repeated += 1
      }
    }
    if isProbe, !isNew {
      isFinished = true
      return []
    }
    if repeated > 0 { fault = fault ?? "its pages repeat themselves" }
    if page.nextCursor != nil, page.nextCursor == cursor { stop(reason: "its cursor stands still") }
    if pages == Self.pageLimit { stop(reason: "it has more than \(Self.pageLimit) pages") }
    if pages == 1 { firstTotal = page.total }
    total = page.total
    cursor = page.nextCursor
    // By what was received, not by what was asked for: services send shorter pages than asked.
    startIndex += page.records.count
    if cursor == nil, isByCursor {
      isFinished = true
    } else if cursor == nil {
      // A full page may have more behind it even where the total says otherwise: look once.
      isFinished =
        isFinished || !isNew || (total ?? .max) < ids.count
        || (hasTotal && page.records.count < asked)
    }
    return new
  }

  /// Begins again from the first page: the cursor has expired. What was given is not given again.
  mutating func restart() {
    (startIndex, cursor, pages, ids) = (1, nil, 0, [])
    (total, firstTotal) = (nil, nil)
  }

  /// No further page can be had.
  mutating func stop(reason: String?) {
    if !hasTotal { fault = fault ?? reason }
    isFinished = true
  }

  var end: ListingEnd {
    if let fault { return .incomplete(reason: fault) }
    if given.count != ids.count {
      return .incomplete(reason: "records went away while they were read again")
    }
    guard let total else { return .complete }
    if total != ids.count {
      return .incomplete(reason: "the service counts \(total) records and gave \(ids.count)")
    }
    if let firstTotal, firstTotal != total {
      return .incomplete(
        reason: "the number of records went from \(firstTotal) to \(total) while they were read")
    }
    return .complete
  }
}
