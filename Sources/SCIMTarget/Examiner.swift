internal import AccessModel
internal import SCIMClient

/// Looks at a service as an administrator would, and writes down which dialect it speaks.
///
/// It asks the service itself and believes only what it sees; nothing that a run has learned is used.
struct Examiner {
  let provider: ServiceProvider
  let dialect: Dialect
  let report: @Sendable (Diagnosis) -> Void
  var capabilities = Capabilities()
  /// Lines of the suggested dialect: key, value, and what was seen.
  private(set) var lines: [(key: String, value: String, evidence: String)] = []
  private(set) var suggested: Dialect

  init(
    _ provider: ServiceProvider, _ dialect: Dialect, report: @escaping @Sendable (Diagnosis) -> Void
  ) {
    self.provider = provider
    self.dialect = dialect
    self.report = report
    suggested = dialect
  }

  mutating func suggest(_ key: String, _ value: String, because evidence: String) {
    lines.removeAll { $0.key == key }
    lines.append((key, value, evidence))
  }

  /// False if nothing more can be asked.
  mutating func readDiscovery() async -> Bool {
    do throws(SCIMError) {
      let said = try await provider.discover()
      capabilities = said.speaking(dialect)
      report(Diagnosis(.fine, "connection", "the service answers and accepts the credential"))
      report(Diagnosis(.fine, "discovery", Self.words(said)))
      return true
    } catch {
      report(
        Diagnosis(
          .fault, "connection", "\(error)",
          wayOut: "check url, auth and tls of the target in bellhop.yaml"))
      return false
    }
  }

  private static func words(_ said: Capabilities) -> String {
    func word(_ name: String, _ isOffered: Bool) -> String { isOffered ? name : "no \(name)" }
    return "it says: "
      + [
        word("PATCH", said.canPatch), word("filter", said.canFilter),
        word("versions", said.hasVersions), word("bulk", said.bulk != nil),
        "pages of \(said.pageSize) by \(said.paging.rawValue)",
        said.userSchema == nil ? "no schema of users" : "a schema of users",
      ].joined(separator: ", ")
  }

  /// Gives some users to ask for, or `nil` if they cannot be listed.
  mutating func readUsers() async -> [Resource]? {
    var samples: [Resource] = []
    var (count, anchored, versioned) = (0, 0, 0)
    let end: ListingEnd
    do throws(SCIMError) {
      end = try await provider.list(.user, capabilities) { user in
        count += 1
        if user.text("externalId")?.isEmpty == false { anchored += 1 }
        if user.version != nil { versioned += 1 }
        if samples.count < 5 || user.text("externalId") != nil && samples.count < 10 {
          samples.append(user)
        }
      }
    } catch {
      report(
        Diagnosis(
          .fault, "users", "\(error)", wayOut: "allow this credential to list users"))
      return nil
    }
    let seen = "\(count) users, \(anchored) with an externalId"
    switch end {
    case .complete: report(Diagnosis(.fine, "users", seen))
    case .incomplete(let reason):
      report(
        Diagnosis(
          .warning, "users", "\(seen); \(reason)",
          wayOut: "additions, updates and expired or revoked removals go on; nothing is removed "
            + "because it was not seen"))
    }
    if capabilities.hasVersions, count > 0, versioned == 0 {
      suggest("versions", "false", because: "it says etag, and no user has meta.version")
    }
    return samples
  }

  /// Asks for someone who is there, and for someone who is not.
  mutating func readFilters(_ users: [Resource]) async {
    var verdicts: [String] = []
    for attribute in ["userName", "externalId"] {
      guard let user = users.first(where: { $0.text(attribute)?.isEmpty == false }),
        let value = user.text(attribute)
      else { continue }
      let verdict = await filterVerdict(attribute, value, expecting: user.id)
      verdicts.append("\(attribute) eq: \(verdict.rawValue)")
      if attribute == "userName", capabilities.canFilter != (verdict == .works) {
        suggest(
          "filters", verdict == .works ? "true" : "false",
          because: "userName eq: \(verdict.rawValue)")
      }
    }
    guard !verdicts.isEmpty else {
      return report(Diagnosis(.fine, "filter", "there is no user yet to look for"))
    }
    let areFine = verdicts.allSatisfy { $0.hasSuffix(FilterVerdict.works.rawValue) }
    report(
      Diagnosis(
        areFine ? .fine : .advice, "filter", verdicts.joined(separator: "; "),
        wayOut: areFine ? nil : "every answer is compared, so this costs time and no safety"))
  }

  private enum FilterVerdict: String {
    case works = "works"
    case refused = "refused"
    case ignored = "ignored, everything comes"
    case blind = "finds nobody, not even who is there"
  }

  private func filterVerdict(
    _ attribute: String, _ value: String, expecting id: String
  ) async -> FilterVerdict {
    func ids(_ value: String) async -> Set<String>? {
      var ids: Set<String> = []
      do throws(SCIMError) {
        _ = try await provider.list(
          .user, filter: .equals(attribute, value), capabilities
        ) { ids.insert($0.id) }
        return ids
      } catch {
        return nil
      }
    }
    guard let found = await ids(value), let nobody = await ids("bellhop-asks-for-nobody") else {
      return .refused
    }
    if !nobody.isEmpty { return .ignored }
    return found.contains(id) ? .works : .blind
  }

  /// Gives whether there are groups to write to.
  mutating func readGroups() async -> Bool {
    var names: [String: Int] = [:]
    var first: Resource?
    var membersInList = 0
    do throws(SCIMError) {
      let end = try await provider.list(.group, capabilities) { group in
        names[group.text("displayName") ?? "", default: 0] += 1
        if first == nil { first = group }
        membersInList += GroupMembers(group)?.ids.count ?? 0
      }
      let twins = names.values.count { $0 > 1 }
      var seen = "\(names.count) groups"
      if twins > 0 { seen += ", \(twins) names more than once" }
      if case .incomplete(let reason) = end { seen += "; \(reason)" }
      let isFine = twins == 0 && end == .complete
      report(
        Diagnosis(
          isFine ? .fine : .warning, "groups", seen,
          wayOut: isFine ? nil : "groups of one name are held; rename all but one"))
      await readMembers(of: first, membersInList: membersInList)
      return true
    } catch {
      let isMissing = [404, 405, 501].contains(error.status)
      report(
        Diagnosis(
          .warning, "groups", isMissing ? "the service offers no groups" : "\(error)",
          wayOut: "users are kept all the same; take groups of this target out of the mappings"))
      if isMissing { suggest("groups", "false", because: "GET /Groups: \(error.status ?? 0)") }
      return false
    }
  }

  private mutating func readMembers(of group: Resource?, membersInList: Int) async {
    if membersInList > 0 {
      suggest("showsMembers", "true", because: "a listing shows \(membersInList) members")
      return report(Diagnosis(.fine, "members", "listings show them"))
    }
    guard let group else { return }
    do throws(SCIMError) {
      let members = try await provider.get(.group, id: group.id, capabilities).flatMap {
        GroupMembers($0)
      }
      guard let members, !members.ids.isEmpty else {
        return report(
          Diagnosis(
            .advice, "members", "no group shows a member; they may all be empty",
            wayOut: "run doctor with --scratch to find out"))
      }
      suggest("showsMembers", "true", because: "a group shows \(members.ids.count) members")
      report(Diagnosis(.fine, "members", "a group shows them, a listing does not"))
    } catch {
      report(Diagnosis(.warning, "members", "\(error)"))
    }
  }

  /// The dialect to paste, with what was seen on each line.
  func conclude() {
    let base = dialect.name == "auto" ? "" : "    base: \(dialect.name)\n"
    guard !lines.isEmpty || !base.isEmpty else {
      return report(Diagnosis(.fine, "dialect", "auto finds out all there is to know"))
    }
    let width = lines.map { $0.key.utf8.count + $0.value.utf8.count + 2 }.max() ?? 0
    let body = lines.sorted { $0.key < $1.key }.map { line in
      let text = "\(line.key): \(line.value)"
      return "    " + text + String(repeating: " ", count: width - text.utf8.count)
        + "  # \(line.evidence)"
    }
    report(
      Diagnosis(
        .advice, "dialect", "\(lines.count) things were seen that need not be found out again",
        wayOut: "put this into the target in bellhop.yaml",
        remedy: "dialect:\n" + base + body.joined(separator: "\n")))
  }
}
