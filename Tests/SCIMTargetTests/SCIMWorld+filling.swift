import AccessModel
import HTTPTransport
import JSON
import SCIMClient
import SCIMTarget

extension SCIMWorld {
  /// One run of a target that remembers nothing, after which every subject should be in every group;
  /// whether it is so.
  func fill(
    _ subjects: [SubjectID], _ groups: [EntitlementKey], over transport: any HTTPTransport,
    clock: any Clock<Duration> = HastyClock(),
    _ adjust: (inout SCIMTarget.Configuration) -> Void = { _ in }
  ) async throws -> Bool {
    let target = try target(over: transport, clock: clock) {
      $0.createGroups = true
      adjust(&$0)
    }
    let scope = ManagedScope(groups: groups, attributes: [], disable: .deactivate)
    func read() async -> ActualState? {
      do throws(TargetError) {
        let state = try await target.readActualState(scope)
        return state.coverage.isComplete && !state.groups.contains(where: \.isUnreadable)
          ? state : nil
      } catch {
        return nil
      }
    }
    guard let before = await read() else { return false }
    let known = Set(before.accounts.compactMap(\.anchor))
    let missing = zip(groups, before.groups).filter { $1 == .missing }.map(\.0)
    let made = try await target.apply(
      subjects.filter { !known.contains($0) }.map { creation($0) }
        + missing.map { .createGroup($0, because: reason) }, progress: { _ in })
    guard made.allSatisfy(\.isDone), let between = await read() else { return false }
    var additions: [Change] = []
    for (position, group) in between.groups.enumerated() {
      guard case .present(let id, _) = group else { return false }
      let members = Set(
        between.memberships.sorted.filter { $0.group == position }
          .map { between.key(ofMember: $0.account) })
      additions += between.accounts.filter { !members.contains($0.key) }.map {
        addition(
          AccountReference(subject: $0.anchor, displayName: nil, identity: $0.identity),
          groups[position], id)
      }
    }
    return try await target.apply(additions, progress: { _ in }).allSatisfy(\.isDone)
  }

  /// The userNames, and the names of the groups with how many members each has, as they are.
  func contents() async throws -> (users: [String], groups: [String: [Int]]) {
    var users: [String] = []
    var groups: [String: [Int]] = [:]
    _ = try await hand.list(.user, capabilities) { users.append($0.text("userName") ?? "") }
    _ = try await hand.list(.group, capabilities) {
      groups[$0.text("displayName") ?? "", default: []].append(
        $0.body["members"]?.elements?.count ?? 0)
    }
    return (users.sorted(), groups)
  }
}

extension ActualGroup {
  fileprivate var isUnreadable: Bool {
    if case .unreadable = self { true } else { false }
  }
}
