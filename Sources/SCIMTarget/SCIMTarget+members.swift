internal import AccessModel
internal import SCIMClient

extension SCIMTarget {
  /// Members in one request.
  var memberChunk: Int { min(dialect.memberChunk, knows { $0.chunk } ?? dialect.memberChunk) }

  /// Writes one group: reads it, sends only the difference, reads it again and believes only that.
  func writeMembers(
    of key: EntitlementKey, _ wishes: [MemberWish], _ capabilities: Capabilities
  ) async -> [Outcome] {
    switch await memberWrite(of: key, wishes, capabilities) {
    case .due(let write): await write.run()
    case .settled(let outcomes): outcomes
    }
  }

  enum PreparedMembers: Sendable {
    case due(MemberWrite)
    /// There is nothing to be written, for each wish's reason.
    case settled([Outcome])
  }

  /// Reads the group that is to be written, and makes sure that it is the right one.
  func memberWrite(
    of key: EntitlementKey, _ wishes: [MemberWish], _ capabilities: Capabilities
  ) async -> PreparedMembers {
    guard !configuration.isProtected(key.rawValue) else {
      return .settled(wishes.map { _ in .refused(reason: "group '\(key)' is protected") })
    }
    do throws(SCIMError) {
      let groupID: String
      switch try await locate(key, wishes, capabilities) {
      case .success(let id): groupID = id
      case .failure(let settled): return .settled(wishes.map { _ in settled.outcome })
      }
      let members = try await memberIDs(wishes, capabilities)
      guard let group = try await provider.get(.group, id: groupID, capabilities) else {
        return .settled(
          wishes.map {
            $0.isMember
              ? .failed(.skipChange, reason: "group '\(key)' is gone") : .alreadyInState()
          })
      }
      let name = group.text("displayName")
      // Whoever is to leave a group leaves it under whatever name it has now.
      let isRightGroup =
        name.map { EntitlementKey($0) } == key || !wishes.contains(where: \.isMember)
      guard isRightGroup, !configuration.isProtected(name) else {
        return .settled(
          wishes.map { _ in
            .failed(.skipChange, reason: "group \(groupID) is no longer named '\(key)'")
          })
      }
      return .due(
        MemberWrite(
          target: self, key: key, groupID: groupID, before: group, wishes: wishes,
          members: members, capabilities: capabilities))
    } catch {
      return .settled(wishes.map { _ in error.outcome })
    }
  }

  /// The id the plan was made with, or for a group that was just created, the one group of its
  /// name.
  private func locate(
    _ key: EntitlementKey, _ wishes: [MemberWish], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Result<String, Settled> {
    let known = Set(wishes.compactMap(\.membership.groupID))
    if known.count == 1, let id = known.first { return .success(id) }
    if known.count > 1 {
      return .failure(
        Settled(
          outcome: .failed(.skipChange, reason: "the plan names '\(key)' by two ids")))
    }
    let found = try await find([.displayName(key)], exhaustively: true, capabilities)
    if found.count == 1 { return .success(found[0].id) }
    return .failure(
      Settled(
        outcome: .failed(
          .skipChange,
          reason: found.isEmpty
            ? "there is no group '\(key)'" : "\(found.count) groups are named '\(key)'")))
  }

  /// One id for each wish; `nil` where the account cannot be found. An account that an earlier
  /// change has created is found by its anchor.
  private func memberIDs(
    _ wishes: [MemberWish], _ capabilities: Capabilities
  ) async throws(SCIMError) -> [AccountKey?] {
    var ids: [AccountKey?] = []
    for wish in wishes {
      let account = wish.membership.account
      if let identity = account.identity {
        ids.append(identity.key)
      } else if let subject = account.subject {
        let found = try await find([.anchor(subject)], capabilities)
        ids.append(found.count == 1 ? AccountKey(found[0].id) : nil)
      } else {
        ids.append(nil)
      }
    }
    return ids
  }
}

/// Nothing needs to be sent: this is what a change comes to.
struct Settled: Error {
  let outcome: Outcome
}
