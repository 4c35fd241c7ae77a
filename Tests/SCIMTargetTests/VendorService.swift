import HTTPTransport
import JSON
import SCIMClient
import Synchronization

/// A service in memory that keeps to the rules that a vendor's documents state, and counts every
/// breach of them. Written from `facts`' vendor table, since none of these services can be run.
final class VendorService: HTTPTransport {
  struct Rules: Sendable {
    var paging = Capabilities.Paging.index
    /// Resources on one page; a request for more is a breach or is cut, as `refusesLongPages` says.
    var pageSize = 100
    var refusesLongPages = false
    /// Attributes that `eq` knows, of users and of groups.
    var filters: [ResourceType: Set<String>] = [
      .user: ["userName", "externalId"], .group: ["displayName"],
    ]
    var hasDiscovery = true
    var hasGroups = true
    var showsMembers = true
    var mostMembers = 1000
    var deletion = Deletion.removes
    /// Users that are not active answer 404.
    var hidesInactive = false
    var takesPatch = true
    /// A `replace` of `active` without a path, and no paths.
    var takesPaths = true
    var requestsAtOnce = 100
    /// Writes in a minute, and at once.
    var writes: (perMinute: Int, burst: Int)?
    var groupWrites: (perMinute: Int, burst: Int)?
    /// What may be written of a user; `nil` for everything.
    var writable: Set<String>?
    var isPaused = false
  }

  enum Deletion: Sendable { case removes, deactivates, forbidden }

  struct Breach: Error { let words: String }

  struct State {
    var users: [String: JSONValue] = [:]
    var groups: [String: JSONValue] = [:]
    var members: [String: [String]] = [:]
    var next = 1
    var breaches: [String] = []
    var requests: [HTTPRequest] = []
    var running = 0
    var writeTimes: [Duration] = []
    var groupWriteTimes: [Duration] = []
  }

  let rules: Rules
  private let clock: HastyClock
  private let state = Mutex(State())

  init(_ clock: HastyClock = HastyClock(), _ adjust: (inout Rules) -> Void) {
    var rules = Rules()
    adjust(&rules)
    self.rules = rules
    self.clock = clock
  }

  var breaches: [String] { state.withLock { $0.breaches } }
  var requests: [HTTPRequest] { state.withLock { $0.requests } }
  var writes: [HTTPRequest] { requests.filter { $0.method != .get } }
  func forget() { state.withLock { $0.requests = [] } }

  /// By userName: whether active.
  var users: [String: Bool] {
    state.withLock { state in
      Dictionary(
        state.users.values.map { ($0["userName"]?.text ?? "?", $0["active"]?.boolean ?? true) },
        uniquingKeysWith: { first, _ in first })
    }
  }

  /// The userNames in a group, sorted.
  func members(_ name: String) -> [String] {
    state.withLock { state in
      let id = state.groups.first { $0.value["displayName"]?.text == name }?.key ?? ""
      return state.members[id, default: []].map { state.users[$0]?["userName"]?.text ?? $0 }
        .sorted()
    }
  }

  func addGroup(_ name: String) -> String {
    state.withLock { state in
      let id = "g\(state.next)"
      state.next += 1
      state.groups[id] = ["id": .string(id), "displayName": .string(name)]
      return id
    }
  }

  func add(_ user: JSONValue) {
    state.withLock { state in
      let id = "u\(state.next)"
      state.next += 1
      state.users[id] = user
      state.users[id]?["id"] = .string(id)
    }
  }

  func addMember(_ user: String, to group: String) {
    state.withLock { $0.members[group, default: []].append(user) }
  }

  func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
    let now = clock.now.offset
    state.withLock { state in
      state.requests.append(request)
      state.running += 1
      if state.running > rules.requestsAtOnce {
        state.breaches.append("\(state.running) requests at once")
      }
    }
    await Task.yield()
    defer { state.withLock { $0.running -= 1 } }
    return state.withLock { state in
      do throws(Breach) {
        return try answer(request, &state, now)
      } catch {
        state.breaches.append("\(request.method.rawValue) \(request.url): \(error.words)")
        return Self.error(400, "invalidValue")
      }
    }
  }

  private func answer(
    _ request: HTTPRequest, _ state: inout State, _ now: Duration
  ) throws(Breach) -> HTTPResponse {
    if rules.isPaused { return Self.error(403) }
    if request.method != .get, let refusal = try pace(request, &state, now) { return refusal }
    let path = request.url.path.split(separator: "/").map(String.init).dropFirst(2)
    guard let collection = path.first else { return Self.error(404) }
    let id = path.dropFirst().first.flatMap { PercentEncoding.decode($0) }
    switch (collection, id) {
    case ("Users", nil) where request.method == .get:
      return try list(.user, Array(state.users.values), request, state)
    case ("Users", nil): return try createUser(request, &state)
    case ("Users", let id?): return try user(id, request, &state)
    case ("Groups", _) where !rules.hasGroups: return Self.error(404)
    case ("Groups", nil) where request.method == .get:
      let groups = state.groups.map { id, group in shown(group, id, state) }
      return try list(.group, groups, request, state)
    case ("Groups", nil):
      let id = "g\(state.next)"
      state.next += 1
      let name = request.json?["displayName"] ?? .null
      state.groups[id] = ["id": .string(id), "displayName": name]
      return Self.success(201, shown(state.groups[id] ?? [:], id, state))
    case ("Groups", let id?): return try group(id, request, &state)
    case ("ServiceProviderConfig", nil) where rules.hasDiscovery:
      return Self.success(
        200,
        [
          "patch": ["supported": .bool(rules.takesPatch)], "filter": ["supported": true],
          "bulk": ["supported": false], "etag": ["supported": false],
        ])
    default: return Self.error(404)
    }
  }

  private func pace(
    _ request: HTTPRequest, _ state: inout State, _ now: Duration
  ) throws(Breach) -> HTTPResponse? {
    func exceeds(_ times: inout [Duration], _ rate: (perMinute: Int, burst: Int)?) -> Bool {
      guard let rate else { return false }
      times.append(now)
      // Over any span there is the burst and what a minute gives for that span.
      return times.indices.contains { first in
        let seconds = Double((now - times[first]).components.seconds) + 1
        // Those that are under way together may be held up, and come at once.
        let late = 3.0
        let allowed = Double(rate.burst) + seconds * Double(rate.perMinute) / 60 + late
        return Double(times.count - first) > allowed.rounded(.up)
      }
    }
    if exceeds(&state.writeTimes, rules.writes) { throw Breach(words: "too many writes") }
    if request.url.path.contains("/Groups"), exceeds(&state.groupWriteTimes, rules.groupWrites) {
      throw Breach(words: "too many changes of groups")
    }
    return nil
  }

  // MARK: Reading

  private func list(
    _ type: ResourceType, _ all: [JSONValue], _ request: HTTPRequest, _ state: State
  ) throws(Breach) -> HTTPResponse {
    var query: [String: String] = [:]
    for item in request.url.query?.split(separator: "&") ?? [] {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[String(parts[0])] = parts.count > 1 ? PercentEncoding.decode(String(parts[1])) : ""
    }
    var found = all.filter { !rules.hidesInactive || $0["active"]?.boolean != false }
      .sorted { ($0["id"]?.text ?? "") < ($1["id"]?.text ?? "") }
    if let filter = query["filter"] {
      for clause in filter.components(separatedBy: " and ") {
        found = try select(found, clause, type, state)
      }
    }
    let count = query["count"].flatMap { Int($0) } ?? rules.pageSize
    if rules.refusesLongPages, count > rules.pageSize { throw Breach(words: "count \(count)") }
    let size = min(count, rules.pageSize)
    switch rules.paging {
    case .none:
      return Self.success(200, ["Resources": .array(found), "totalResults": total(found)])
    case .index:
      if query["cursor"] != nil { throw Breach(words: "a cursor") }
      let start = query["startIndex"].flatMap { Int($0) } ?? 1
      return Self.success(
        200,
        [
          "totalResults": total(found), "startIndex": .number("\(start)"),
          "Resources": .array(Array(found.dropFirst(start - 1).prefix(size))),
        ])
    case .cursor:
      if query["startIndex"] != nil { throw Breach(words: "startIndex") }
      let start = query["cursor"].flatMap { Int($0) } ?? 0
      var page: JSONValue = ["Resources": .array(Array(found.dropFirst(start).prefix(size)))]
      if start + size < found.count { page["nextCursor"] = .string("\(start + size)") }
      return Self.success(200, page)
    }
  }

  private func total(_ found: [JSONValue]) -> JSONValue { .number("\(found.count)") }

  private func select(
    _ found: [JSONValue], _ clause: String, _ type: ResourceType, _ state: State
  ) throws(Breach) -> [JSONValue] {
    let parts = clause.split(separator: " ", maxSplits: 2).map(String.init)
    guard parts.count == 3, parts[1] == "eq", rules.filters[type, default: []].contains(parts[0])
    else { throw Breach(words: "the filter \(clause)") }
    let value = String(parts[2].dropFirst().dropLast())
    if parts[0] == "members" {
      return found.filter { state.members[$0["id"]?.text ?? "", default: []].contains(value) }
    }
    return found.filter { resource in
      let text = resource[parts[0]]?.text
      return text == value || (parts[0] == "userName" && text?.lowercased() == value.lowercased())
    }
  }

  func shown(_ group: JSONValue, _ id: String, _ state: State) -> JSONValue {
    var group = group
    if rules.showsMembers {
      group["members"] = .array(
        state.members[id, default: []].map { ["value": .string($0)] })
    } else {
      group["members"] = []
    }
    return group
  }

  // MARK: Answers

  static func success(_ status: Int, _ body: JSONValue) -> HTTPResponse {
    HTTPResponse(
      status: status, fields: [HTTPField("Content-Type", "application/scim+json")],
      body: body.encoded)
  }

  static func error(_ status: Int, _ type: String? = nil) -> HTTPResponse {
    var body: JSONValue = ["status": .string("\(status)")]
    body["scimType"] = type.map { .string($0) }
    return HTTPResponse(status: status, body: body.encoded)
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    split(separator: separator).map(String.init)
  }
}
