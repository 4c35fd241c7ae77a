internal import SCIMClient

/// What a service says of itself is remembered for a while: three requests that most runs can do
/// without. It only tells what to try first, so that it may be old; nothing is removed because of it.
extension SCIMTarget {
  /// Seconds by the service's own clock.
  private static let discoveryLife: Int64 = 3600

  /// A run reads with what is remembered. What fails, or turns out to have been remembered for too
  /// long, is read again with what the service says now.
  func inRun<Result>(
    _ read: (Capabilities) async throws(SCIMError) -> Result
  ) async throws(SCIMError) -> Result {
    guard let discovery = knows(\.discovery) else {
      return try await read(try await discoverAnew())
    }
    let remembered = begin(discovery, isRemembered: true)
    let result: Result
    do throws(SCIMError) {
      result = try await read(remembered)
    } catch {
      switch error.cause {
      case .answer, .malformed: return try await read(try await discoverAnew())
      case .transport, .closed, .throttled, .token: throw error
      }
    }
    if let then = discovery.time, let now = provider.serverTime,
      (0..<Self.discoveryLife).contains(now - then)
    {
      return result
    }
    let anew = try await provider.discovery()
    knows { $0.learn(anew) }
    if provider.capabilities(anew).speaking(dialect) == remembered { return result }
    return try await read(begin(anew, isRemembered: false))
  }

  func discoverAnew() async throws(SCIMError) -> Capabilities {
    let discovery = try await provider.discovery()
    knows { $0.learn(discovery.time == nil ? nil : discovery) }
    return begin(discovery, isRemembered: false)
  }

  /// Of the run that has begun.
  func capabilities() async throws(SCIMError) -> Capabilities {
    if let known = inSession({ $0.capabilities }) { return known }
    return try await discoverAnew()
  }

  /// A service that refuses what it said it takes may have changed.
  func forgetDiscovery() {
    if inSession({ $0.isRemembered }) { knows { $0.learn(Discovery?.none) } }
  }

  /// Forgets what an earlier run saw.
  private func begin(_ discovery: Discovery, isRemembered: Bool) -> Capabilities {
    let capabilities = provider.capabilities(discovery).speaking(dialect)
    inSession { $0 = Session(capabilities: capabilities, isRemembered: isRemembered) }
    return capabilities
  }
}
