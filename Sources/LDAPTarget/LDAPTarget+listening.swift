package import AccessModel
import LDAPClient
import Synchronization

/// Content synchronisation (RFC 4533) as a doorbell. Servers leave entries out of it, or send
/// everything, and never say what it was that changed: whatever comes means *look*.
extension LDAPTarget: Doorbell {
  /// How long what rings is collected, so that many changes ring once and our own are recognised by
  /// the answers to our writes.
  private static let patience = Duration.milliseconds(50)
  private static let (shortestPause, longestPause) = (Duration.seconds(1), Duration.seconds(60))

  package func listen(_ ring: @escaping @Sendable (Ring) -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      for base in layout.branches {
        group.addTask { await self.listen(below: base, ring) }
      }
    }
  }

  /// Connects, listens, and begins again with a pause that grows while nothing is heard.
  private func listen(
    below base: DistinguishedName, _ ring: @escaping @Sendable (Ring) -> Void
  ) async {
    var pause = Self.shortestPause
    while !Task.isCancelled {
      let began = ContinuousClock.now
      do throws(LDAPError) {
        guard try await hear(base, ring) else {
          // It is the same server for all branches.
          if base == layout.branches.first {
            ring(
              .silent(
                "the server does not tell of changes (RFC 4533, overlay syncprov; DirSync)"))
          }
          return
        }
      } catch {
        if Task.isCancelled { return }
        if error.code == .unavailableCriticalExtension {
          return ring(.silent("'\(base)': \(error)"))
        }
        ring(.silent("'\(base)': \(error); it is tried again"))
      }
      if ContinuousClock.now - began > Self.longestPause { pause = Self.shortestPause }
      // It throws only when the task is cancelled.
      do { try await Task.sleep(for: pause) } catch { return }
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// Rings until the connection is lost, which it throws. `false` if the server cannot tell.
  private func hear(
    _ base: DistinguishedName, _ ring: @escaping @Sendable (Ring) -> Void
  ) async throws(LDAPError) -> Bool {
    let connection = LDAPConnection(self.connection)
    try await connection.open()
    let root = try await connection.rootDSE()
    guard let root, root.supportsContentSync else {
      let canBeAsked = root?.supportsDirectorySync == true
      if let root, canBeAsked {
        try await poll(base, Self.context(of: base, root), connection, ring)
      }
      await connection.close()
      return canBeAsked
    }
    let context = Self.context(of: base, root)
    // From now on, where the server says what now is; otherwise everything comes first.
    let start = try await connection.contextCSN(of: context)
    let sync = try await connection.sync(
      LDAPSearch(base: base, scope: .subtree, attributes: ["entryCSN"]),
      mode: .refreshAndPersist, cookie: start?.cookie)
    let isOfAccounts = base == layout.accountsBase
    if isOfAccounts, let url = await connection.url, let start {
      watch.begin(AccountWatch.Place(url: url, context: context), from: start)
    }
    defer { if isOfAccounts { watch.end() } }
    // What changed while nobody listened.
    ring(.changed)
    let news = News()
    var events = sync.makeAsyncIterator()
    while let event = try await events.next() {
      if isOfAccounts { watch.hear(event) }
      let version: String
      switch event {
      case .entry(.present, _, _, _): continue
      case .entry(_, _, let record, _):
        if !isOfAccounts, isOfAccount(record.name) { continue }
        version = record["entryCSN"].first ?? ""
      case .deleted: version = ""
      // The end of a phase, and cookies: nothing has changed by them.
      case .present, .presentListed, .deletesListed, .cookie, .reference, .done: continue
      }
      guard news.add(version) else { continue }
      Task {
        // Detached from the listening: cancelled or not, it ends at once.
        do { try await Task.sleep(for: Self.patience) } catch {}
        if !news.take().subtracting(self.ownVersions).isEmpty { ring(.changed) }
      }
    }
    await connection.close()
    return true
  }

  /// Whether another connection tells of it.
  private func isOfAccount(_ name: String) -> Bool {
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: name).isSameOrDescendant(of: layout.accountsBase)
    } catch {
      return false
    }
  }

  /// Asks what has changed, time and again, until the task is cancelled or the connection is lost, which
  /// it throws. What went to another place without a trace that we may see is not told.
  private func poll(
    _ base: DistinguishedName, _ context: DistinguishedName, _ connection: LDAPConnection,
    _ ring: @escaping @Sendable (Ring) -> Void
  ) async throws(LDAPError) {
    var cookie = try await connection.changes(in: context, .not(.everything), since: []).cookie
    // What changed while nobody listened.
    ring(.changed)
    while !Task.isCancelled {
      // It throws only when the task is cancelled.
      do { try await Task.sleep(for: Self.shortestPause) } catch { return }
      let changes = try await connection.changes(in: context, .everything, since: cookie)
      cookie = changes.cookie
      if changes.entries.contains(where: { Self.isOrWas($0, below: base) }) { ring(.changed) }
    }
  }

  /// Deleted entries lie elsewhere, and tell where they lay.
  private static func isOrWas(_ entry: LDAPRecord, below base: DistinguishedName) -> Bool {
    ([entry.name] + entry["lastKnownParent"]).contains { name in
      do throws(DNSyntaxError) {
        return try DistinguishedName(parsing: name).isSameOrDescendant(of: base)
      } catch {
        return true
      }
    }
  }

  /// The naming context that a branch is in.
  private static func context(of base: DistinguishedName, _ root: RootDSE) -> DistinguishedName {
    var found: DistinguishedName?
    for text in root.namingContexts {
      let context: DistinguishedName
      do throws(DNSyntaxError) { context = try DistinguishedName(parsing: text) } catch { continue }
      guard base.isSameOrDescendant(of: context) else { continue }
      if found.map({ context.isDescendant(of: $0) }) ?? true { found = context }
    }
    return found ?? base
  }
}

/// The versions of the entries that changed since it last rang.
private final class News: Sendable {
  private let versions = Mutex<Set<String>>([])

  /// Whether it is the first.
  func add(_ version: String) -> Bool {
    versions.withLock { versions in
      defer { versions.insert(version) }
      return versions.isEmpty
    }
  }

  func take() -> Set<String> {
    versions.withLock { versions in
      defer { versions = [] }
      return versions
    }
  }
}

extension RootDSE {
  fileprivate var supportsContentSync: Bool {
    supportedControls.contains(ContentSync.controlIdentifier)
  }

  fileprivate var supportsDirectorySync: Bool {
    supportedControls.contains(RequestControl.directorySyncIdentifier)
  }
}
