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
      for base in layout.bases {
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
          return ring(.silent("the server does not tell of changes (RFC 4533, overlay syncprov)"))
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
    guard let sync = try await Self.begin(base, on: connection) else {
      await connection.close()
      return false
    }
    // What changed while nobody listened.
    ring(.changed)
    let news = News()
    var events = sync.makeAsyncIterator()
    while let event = try await events.next() {
      let version: String
      switch event {
      case .entry(.present, _, _, _): continue
      case .entry(_, _, let record, _): version = record["entryCSN"].first ?? ""
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

  /// From now on, where the server says what now is; otherwise everything comes first.
  private static func begin(
    _ base: DistinguishedName, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> ContentSync? {
    guard let root = try connection.rootDSE(), root.supportsContentSync else { return nil }
    var cookie: [UInt8]?
    for text in root.namingContexts {
      let context: DistinguishedName
      do throws(DNSyntaxError) { context = try DistinguishedName(parsing: text) } catch { continue }
      if base.isSameOrDescendant(of: context) {
        cookie = try connection.currentCookie(of: context)
      }
    }
    return try connection.sync(
      LDAPSearch(base: base, scope: .subtree, attributes: ["entryCSN"]),
      mode: .refreshAndPersist, cookie: cookie)
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
}
