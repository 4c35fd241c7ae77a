import AccessModel
import GraphClient
import HTTPTransport

/// Reads every list that makes up one reading, page by page, into one decoder.
struct AssignmentListing: ~Copyable {
  /// Beyond ten times what a tenant can have, a list is not one.
  private static let longest = 3_000_000

  private let service: GraphService
  private let settings: GraphSource.Settings
  private let memory: GraphMemory
  private var decoder: GraphListDecoder
  /// Why the reading is not complete: the first reason.
  private var shortfall: String?

  init(
    source: SourceID, service: GraphService, settings: GraphSource.Settings,
    _ memory: GraphMemory
  ) {
    self.service = service
    self.settings = settings
    self.memory = memory
    decoder = GraphListDecoder(source: source, document: "assignments", places: .records)
  }

  consuming func finish() -> AssignmentReading {
    decoder.finish(shortfall.map { .partial(reason: $0) } ?? .complete)
  }

  /// Throws if not even the first page of the first list could be read.
  mutating func run(_ budget: RetryBudget) async throws(GraphError) {
    switch settings.scope {
    case .tenant where !memory.current.isTenantRefused:
      do throws(GraphError) {
        try await list(package: nil, budget)
      } catch {
        guard error.status == 403 || error.status == 400 else { throw error }
        try await listEachPackage(budget, insteadOf: error)
        memory.learn { $0.isTenantRefused = true }
      }
    case .tenant, .eachPackage: try await listEachPackage(budget, insteadOf: nil)
    case .packages(let ids): try await list(packages: ids, budget)
    }
  }

  private mutating func listEachPackage(
    _ budget: RetryBudget, insteadOf refusal: GraphError?
  ) async throws(GraphError) {
    let ids: [String]
    do throws(GraphError) {
      ids = try await AccessPackageList(service: service).ids(budget)
    } catch {
      throw refusal ?? error
    }
    try await list(packages: ids, budget)
  }

  /// What fails for one access package leaves the others readable.
  private mutating func list(
    packages ids: [String], _ budget: RetryBudget
  ) async throws(GraphError) {
    var failure: GraphError?
    var isAnyRead = ids.isEmpty
    for id in ids {
      do throws(GraphError) {
        try await list(package: id, budget)
        isAnyRead = true
      } catch {
        if error.cause == .cancelled { throw error }
        failure = failure ?? error
        note("access package \(quoted(id)): \(error)")
      }
    }
    if let failure, !isAnyRead { throw failure }
  }

  private mutating func list(
    package: String?, _ budget: RetryBudget
  ) async throws(GraphError) {
    var isFirst = true
    for state in settings.states.isEmpty ? [nil] : settings.states.map(Optional.some) {
      var query = AssignmentQuery(settings: settings)
      (query.package, query.state) = (package, state)
      do throws(GraphError) {
        try await list(&query, budget)
      } catch {
        if isFirst || error.cause == .cancelled { throw error }
        note("\(error)")
      }
      isFirst = false
    }
  }

  /// Throws if the first page cannot be read; what goes wrong later is noted.
  private mutating func list(
    _ query: inout AssignmentQuery, _ budget: RetryBudget
  ) async throws(GraphError) {
    query.counts = !memory.current.isCountRefused
    var walk = PageWalk(from: try query.url(service))
    var count: Int?
    var records = 0
    while let url = walk.next {
      do throws(GraphError) {
        let page = try await read(url, page: walk.pages + 1, budget)
        count = count ?? page.count
        records += page.records
        try walk.advance(link: page.nextLink, isEmpty: page.records == 0)
      } catch {
        if walk.pages == 0, error.status == 400, query.counts {
          query.counts = false
          walk = PageWalk(from: try query.url(service))
          continue
        }
        guard walk.pages > 0, error.cause != .cancelled else { throw error }
        return note("page \(walk.pages + (walk.next == nil ? 0 : 1)) of the list: \(error)")
      }
      if decoder.records > Self.longest {
        return note("the list has more than \(Self.longest) records, so the rest is unread")
      }
    }
    if !query.counts { memory.learn { $0.isCountRefused = true } }
    if let count, count != records {
      note("Graph counts \(count) assignments and lists \(records)")
    }
  }

  private mutating func read(
    _ url: HTTPURL, page: Int, _ budget: RetryBudget
  ) async throws(GraphError) -> GraphListDecoder.Page {
    let body = try await service.get(url, budget).body
    do throws(InputFault) {
      return try decoder.read(ByteInput(body))
    } catch {
      throw GraphError(
        action: "GET \(url.path)",
        cause: .malformed("page \(page) is not well-formed: \(error.words)"))
    }
  }

  private mutating func note(_ reason: String) {
    if shortfall == nil { shortfall = reason }
  }
}

extension ByteInput {
  /// Bytes that are all there.
  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    self.init { room in
      let part = rest.prefix(room.count)
      room.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
  }
}

extension InputFault {
  var words: String {
    switch self {
    case .syntax(let line, let column, let reason): "\(line):\(column): \(reason)"
    case .reading(let code): "error \(code)"
    }
  }
}
