import AccessModel
import GraphClient
import HTTPTransport
import JSON

/// Asks the tenant's users about subjects: what mappings use of them, and whether they are blocked or
/// gone.
struct SubjectDirectory {
  /// As many as twenty batches.
  private static let fewSubjects = 400

  let service: GraphService
  let users: GraphSource.Settings.Users
  /// The attributes to ask for.
  let shape: Attributes.Shape
  let cache: SubjectCache

  /// By their ids in lower case. Throws if anybody's could not be had.
  func facts(
    of subjects: [String], _ budget: RetryBudget
  ) async throws(GraphError) -> [String: SubjectFacts] {
    switch users {
    case .none: return [:]
    case .batch: return try await read(subjects, budget)
    case .auto where subjects.count <= Self.fewSubjects: return try await read(subjects, budget)
    case .auto, .delta: return try await followed(Set(subjects), budget)
    }
  }

  private var select: String {
    let heads = shape.names.map { String($0.prefix { $0 != "." }) }
    let names = Set(heads).union(["id", "accountEnabled"])
    return "$select=" + names.sorted().joined(separator: ",")
  }

  // One by one

  /// A user who cannot be found counts as deleted only where others can be.
  private func read(
    _ ids: [String], _ budget: RetryBudget
  ) async throws(GraphError) -> [String: SubjectFacts] {
    var facts: [String: SubjectFacts] = [:]
    var isAnyFound = false
    for start in stride(from: 0, to: ids.count, by: GraphService.batchSize) {
      let part = Array(ids[start..<min(start + GraphService.batchSize, ids.count)])
      let paths = part.map { "/users/\(PercentEncoding.encode($0))?\(select)" }
      for (id, answer) in zip(part, try await service.read(paths, budget)) {
        switch answer {
        case .found(let user):
          guard user["id"]?.text?.lowercased() == id else {
            throw GraphError(
              action: "GET /users", cause: .malformed("another user is given than was asked for"))
          }
          facts[id] = SubjectFacts(user, shape: shape)
          isAnyFound = true
        case .refused(let refusal) where refusal.isMissingUser:
          facts[id] = SubjectFacts(standing: .deleted)
        case .refused(let refusal):
          throw GraphError(action: "GET /users", cause: .refused(refusal))
        }
      }
    }
    if !facts.isEmpty, !isAnyFound { try await proveThatUsersCanBeFound(budget) }
    return facts
  }

  private func proveThatUsersCanBeFound(_ budget: RetryBudget) async throws(GraphError) {
    let page = try await service.page(
      try service.url("/users", query: "$top=1&$select=id"), budget)
    guard !page.values.isEmpty else {
      throw GraphError(
        action: "GET /users",
        cause: .malformed("no user at all can be found, so nobody is taken for deleted"))
    }
  }

  // By what has changed

  private func followed(
    _ ids: Set<String>, _ budget: RetryBudget
  ) async throws(GraphError) -> [String: SubjectFacts] {
    var state = cache.load(select: select, shape: shape)
    if let link = state.link {
      do throws(GraphError) {
        try await follow(link, of: Set(state.facts.keys), &state, budget)
      } catch {
        // The round cannot be continued: from the start.
        guard [400, 404, 410].contains(error.status ?? 0) else { throw error }
        state = SubjectCache.State()
      }
    }
    state.facts = state.facts.filter { ids.contains($0.key) }
    if state.link == nil {
      let first = try service.url("/users/delta", query: select)
      try await follow(first.description, of: ids, &state, budget)
    }
    let rest = ids.subtracting(state.facts.keys).sorted()
    state.facts.merge(try await read(rest, budget), uniquingKeysWith: { $1 })
    cache.store(state, select: select)
    return state.facts
  }

  /// Takes over what concerns `ids`, page by page, to the link of the next round. An item may come
  /// more than once; the last one counts.
  private func follow(
    _ link: String, of ids: Set<String>, _ state: inout SubjectCache.State, _ budget: RetryBudget
  ) async throws(GraphError) {
    var walk = try PageWalk(from: service.url("/users/delta"), at: link)
    state.link = nil
    while let url = walk.next {
      let page = try await service.page(url, budget)
      for user in page.values {
        guard let id = user["id"]?.text?.lowercased(), ids.contains(id) else { continue }
        state.facts[id] =
          user["@removed"] == nil
          ? SubjectFacts(user, shape: shape) : SubjectFacts(standing: .deleted)
      }
      state.link = page.deltaLink
      try walk.advance(link: page.nextLink, isEmpty: page.values.isEmpty)
    }
    guard state.link != nil else {
      throw GraphError(
        action: "GET /users/delta", cause: .malformed("the last page has no @odata.deltaLink"))
    }
  }
}

extension Refusal {
  /// The user is gone, and not just the path.
  fileprivate var isMissingUser: Bool {
    status == 404 && ["Request_ResourceNotFound", "ResourceNotFound"].contains(code)
  }
}
