internal import AccessModel
internal import JSON
internal import SCIMClient

/// What only writing shows: on users and a group of its own, which it removes again.
extension Examiner {
  mutating func tryOut(hasGroups: Bool) async {
    let mark = "bellhop-scratch-" + String(UInt64.random(in: .min ... .max), radix: 36)
    var users: [Resource] = []
    for number in 1...2 {
      guard let user = await makeUser("\(mark)-\(number)") else { break }
      users.append(user)
    }
    if let user = users.first {
      await readFilters(users)
      await tryAttributes(of: user)
      if hasGroups, users.count == 2 { await tryGroup(mark, users) }
    }
    for user in users.reversed() { await removeUser(user, isLast: user == users.first) }
  }

  // MARK: Users

  private mutating func makeUser(_ name: String) async -> Resource? {
    let userName = "\(name)@example.org"
    var body: JSONValue = [
      "schemas": [.string(ResourceType.user.schema)], "userName": .string(userName),
      "externalId": .string(name), "active": true, "displayName": "Scratch",
      "name": ["givenName": "Scratch", "familyName": "User", "formatted": "Scratch User"],
    ]
    let work = SCIMAttributePath.workMail.adapted(to: capabilities.userSchema)
    work.write([userName], into: &body)
    do throws(SCIMError) {
      let written = try await provider.create(.user, body, capabilities)
      guard let user = try await shown(written, named: userName) else {
        report(
          Diagnosis(
            .warning, "create", "a user was accepted and is not shown",
            wayOut: "look for \(userName) and delete it"))
        return nil
      }
      if user.text("externalId") != name {
        report(
          Diagnosis(
            .warning, "anchor", "the service does not keep externalId",
            wayOut: "keep the ledger safe: only its ids tell which accounts are ours"))
      }
      return user
    } catch {
      report(
        Diagnosis(.warning, "create", "\(error)", wayOut: "allow this credential to create users"))
      return nil
    }
  }

  /// By its id, or where the service does not tell it, by its name in the whole list.
  private func shown(
    _ written: ServiceProvider.Written, named userName: String
  ) async throws(SCIMError) -> Resource? {
    let name = SearchKey.userName(userName)
    if let id = written.id, let user = try await provider.get(.user, id: id, capabilities),
      name.matches(user)
    {
      return user
    }
    var found: Resource?
    _ = try await provider.list(.user, capabilities) { if name.matches($0) { found = $0 } }
    return found
  }

  /// One attribute of each kind, in each way, until one has an effect.
  private mutating func tryAttributes(of user: Resource) async {
    let cases: [(SCIMAttributePath, [String], [String])] = [
      (.active, ["true"], ["false"]), (.displayName, ["Scratch"], ["Scratched"]),
      (.familyName, ["User"], ["Used"]),
    ]
    var firstWays: [Dialect.WriteWay] = []
    for (path, before, after) in cases {
      let write = AttributeWrite(path: path, before: before, after: after)
      var words: [String] = []
      var works: Dialect.WriteWay?
      for way in Dialect.WriteWay.allCases where works == nil {
        if way == .pathless, !write.fitsWithoutPath { continue }
        let effect = await effect(of: write, way, on: user.id)
        words.append("\(way.rawValue): \(effect.words)")
        if effect == .takesEffect { works = way }
      }
      if let works { firstWays.append(works) }
      report(
        Diagnosis(
          works == .paths ? .fine : works == nil ? .warning : .advice, "writing \(path)",
          words.joined(separator: "; "),
          wayOut: works == nil ? "the service does not let it be changed" : nil))
    }
    if !firstWays.isEmpty, !firstWays.contains(.paths) {
      let way = firstWays.contains(.pathless) ? Dialect.WriteWay.pathless : .put
      suggest("firstWay", way.rawValue, because: "PATCH with a path changes nothing")
      if !firstWays.contains(.pathless) {
        suggest("patch", "false", because: "PATCH changes nothing in any form")
      }
    }
  }

  private enum Effect: Equatable {
    case takesEffect, none
    case refused(Int?)

    var words: String {
      switch self {
      case .takesEffect: "takes effect"
      case .none: "success without effect"
      case .refused(let status): "refused" + (status.map { " (\($0))" } ?? "")
      }
    }
  }

  private func effect(
    of write: AttributeWrite, _ way: Dialect.WriteWay, on id: String
  ) async -> Effect {
    do throws(SCIMError) {
      switch way {
      case .paths:
        _ = try await provider.patch(
          .user, id: id, [write.operation], capabilities)
      case .pathless:
        var attributes: JSONValue = [:]
        write.path.write(write.after, into: &attributes)
        _ = try await provider.patch(
          .user, id: id, [.replace(attributes: attributes)], capabilities)
      case .put:
        guard let user = try await provider.get(.user, id: id, capabilities) else {
          return .refused(404)
        }
        var body = user.withoutReadOnlyAttributes(capabilities.userSchema)
        write.path.write(write.after, into: &body)
        _ = try await provider.put(.user, id: id, body, version: user.version, capabilities)
      }
      let user = try await provider.get(.user, id: id, capabilities)
      return user.map(write.isDone) == true ? .takesEffect : .none
    } catch {
      return .refused(error.status)
    }
  }

  private mutating func removeUser(_ user: Resource, isLast: Bool) async {
    do throws(SCIMError) {
      _ = try await provider.delete(.user, id: user.id, capabilities)
      guard let left = try await provider.get(.user, id: user.id, capabilities) else {
        if isLast { report(Diagnosis(.fine, "delete", "a deleted user is gone")) }
        return
      }
      suggest("deletion", "deactivates", because: "after DELETE a user is still shown")
      report(
        Diagnosis(
          .advice, "delete",
          "a deleted user is still shown, \(left.isActive ? "and active" : "inactive")",
          wayOut: "leave deleteAfter out of the mapping; user \(user.id) stays behind"))
    } catch {
      report(
        Diagnosis(
          .warning, "delete", "\(error)",
          wayOut: "user \(user.id) stays behind; delete it by hand"))
    }
  }

  // MARK: Groups

  private mutating func tryGroup(_ name: String, _ users: [Resource]) async {
    let body: JSONValue = [
      "schemas": [.string(ResourceType.group.schema)], "displayName": .string(name), "members": [],
    ]
    let id: String
    do throws(SCIMError) {
      guard let made = try await provider.create(.group, body, capabilities).id else { return }
      id = made
    } catch {
      return report(
        Diagnosis(
          .advice, "create group", "\(error)",
          wayOut: "create groups there, and leave createGroups out of the configuration"))
    }
    await tryMembers(of: id, users)
    do throws(SCIMError) {
      _ = try await provider.delete(.group, id: id, capabilities)
    } catch {
      report(
        Diagnosis(
          .warning, "delete group", "\(error)", wayOut: "group '\(name)' stays behind; delete it"))
    }
  }

  private mutating func tryMembers(of id: String, _ users: [Resource]) async {
    let values = users.map(\.id)
    // One by one: to some services the second is the whole list.
    let added = await status { () async throws(SCIMError) in
      for user in users {
        let add = PatchOperation.add("members", [element(user)])
        _ = try await provider.patch(.group, id: id, [add], capabilities)
      }
    }
    var shown = await members(of: id)
    if added == nil, shown.count == 1 {
      suggest("patch", "false", because: "adding a member to a group removes who was in it")
      return report(
        Diagnosis(
          .fault, "add members", "PATCH puts the new member in place of who was there",
          wayOut: "the suggested dialect writes whole lists instead"))
    }
    if added != nil || shown.isEmpty {
      let replaced = await status { () async throws(SCIMError) in
        guard let group = try await provider.get(.group, id: id, capabilities) else { return }
        var body = group.withoutReadOnlyAttributes(nil)
        body["members"] = .array(users.map { element($0) })
        _ = try await provider.put(.group, id: id, body, version: group.version, capabilities)
      }
      shown = await members(of: id)
      guard !shown.isEmpty else {
        if added == nil {
          suggest("showsMembers", "false", because: "two were added, and none is shown")
          suggest("wholeLists", "false", because: "a list that is not shown cannot be replaced")
        }
        return report(
          Diagnosis(
            .warning, "members",
            added == nil
              ? "a group shows none of the members that were added"
              : "members cannot be added: PATCH \(word(added)), PUT \(word(replaced))",
            wayOut: added == nil
              ? "who is in a group is taken from the ledger" : "groups of it cannot be kept"))
      }
      report(
        Diagnosis(
          .advice, "add members", "PATCH changes nothing (\(word(added))); PUT of the list does"))
    } else {
      suggest("showsMembers", "true", because: "members that were added are shown")
      report(Diagnosis(.fine, "add members", "PATCH adds them, and they are shown"))
    }
    if shown.isDisjoint(with: values) {
      report(
        Diagnosis(.advice, "members", "they are named by another value than the user's id"))
    }
    await tryRemoval(from: id, shown)
  }

  /// By a filter; then by the whole list; then, on this group of our own, by the form that by the
  /// standard would empty it.
  private mutating func tryRemoval(from id: String, _ shown: Set<String>) async {
    guard let gone = shown.sorted().first, shown.count == 2 else { return }
    let expected = shown.subtracting([gone])
    let byFilter = await status { () async throws(SCIMError) in
      _ = try await provider.patch(
        .group, id: id, [.remove(from: "members", value: gone)], capabilities)
    }
    if await members(of: id) == expected {
      return report(Diagnosis(.fine, "remove members", "a filter removes exactly the one it names"))
    }
    let byList = await status { () async throws(SCIMError) in
      guard let group = try await provider.get(.group, id: id, capabilities),
        let members = group.body["members"]?.elements
      else { return }
      var body = group.withoutReadOnlyAttributes(nil)
      body["members"] = .array(members.filter { GroupMembers.account($0)?.rawValue != gone })
      _ = try await provider.put(.group, id: id, body, version: group.version, capabilities)
    }
    if await members(of: id) == expected {
      return report(
        Diagnosis(
          .advice, "remove members", "by filter: \(word(byFilter)); by PUT of the list: yes"))
    }
    suggest("wholeLists", "false", because: "PUT leaves the members as they were")
    let byValue = await status { () async throws(SCIMError) in
      _ = try await provider.patch(
        .group, id: id, [.removeValues(from: "members", [gone])], capabilities)
    }
    let left = await members(of: id)
    if left == expected {
      suggest(
        "memberRemoval", "valueArray",
        because:
          "by filter: \(word(byFilter)); by PUT: \(word(byList)); by value array: exactly one")
    }
    report(
      Diagnosis(
        left == expected ? .advice : .warning, "remove members",
        "by filter: \(word(byFilter)); by PUT of the list: \(word(byList)); by value array: "
          + (left == expected
            ? "exactly the one it names" : left.isEmpty ? "removes everyone" : word(byValue)),
        wayOut: left == expected
          ? "the suggested dialect allows it for this service"
          : "members cannot be taken out one by one; disabling the account still works"))
  }

  private func element(_ user: Resource) -> JSONValue {
    var element: JSONValue = ["value": .string(user.id)]
    if capabilities.membersNeedReference {
      element["$ref"] = .string("\(provider.url(.user, user.id, capabilities))")
    }
    return element
  }

  private func members(of id: String) async -> Set<String> {
    do throws(SCIMError) {
      let group = try await provider.get(.group, id: id, capabilities)
      return Set((group.flatMap { GroupMembers($0) } ?? .none).ids.map(\.rawValue))
    } catch {
      return []
    }
  }

  /// `nil` for success.
  private func status(
    _ body: () async throws(SCIMError) -> Void
  ) async -> SCIMError? {
    do throws(SCIMError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private func word(_ error: SCIMError?) -> String {
    error.map { $0.status.map { "refused (\($0))" } ?? "no answer" } ?? "success without effect"
  }
}

extension SCIMAttributePath {
  fileprivate static let displayName = SCIMAttributePath(
    description: "displayName", schema: nil, name: "displayName", selector: .whole)
  fileprivate static let familyName = SCIMAttributePath(
    description: "name.familyName", schema: nil, name: "name", selector: .part("familyName"))
  fileprivate static let workMail = SCIMAttributePath(
    description: "emails.work", schema: nil, name: "emails",
    selector: .element(type: "work", part: "value"))
}
