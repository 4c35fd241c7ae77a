import LDAPClient
import Synchronization

/// What content synchronisation (RFC 4533) proves of the accounts between two looks at them.
///
/// A connection that was told of every change up to the server's `contextCSN`, and was never lost since
/// the look before, was told of all there were. What a server never tells of, such as a change of our
/// rights, it does not prove: all accounts are still to be read from time to time.
final class AccountWatch: Sendable {
  struct Look: Sendable {
    /// The look that this one follows without a gap.
    let previous: Int
    let number: Int
    /// The names that entries in the accounts' branch have that were changed since, in normal form, and
    /// those that they went from. `nil` where it may have been any.
    let touched: Set<String>?
    fileprivate let heard: ContextCSN?
    fileprivate let place: Place

    fileprivate func joined(_ next: Look) -> Look? {
      guard next.previous == number else { return nil }
      return Look(
        previous: previous, number: next.number,
        touched: touched.flatMap { touched in next.touched.map { touched.union($0) } },
        heard: next.heard, place: place)
    }
  }

  /// Where is listened.
  struct Place: Equatable, Sendable {
    let url: LDAPURL
    let context: DistinguishedName
  }

  private struct State {
    /// `nil` while nobody listens.
    var place: Place?
    var heard: ContextCSN?
    /// From here on changes are told as they happen.
    var isLive = false
    var touched: Set<String>? = []
    var looks = 0

    mutating func startAnew() {
      looks += 1
      touched = []
    }

    mutating func touch(_ name: String) {
      do throws(DNSyntaxError) {
        touched?.insert(try DistinguishedName(parsing: name).normalised)
        if let touched, touched.count > AccountWatch.many { self.touched = nil }
      } catch {
        touched = nil
      }
    }
  }

  private let state = Mutex(State())

  /// So many changed accounts cost as much as all.
  private static let many = 1_000
  /// How long what the server knows may take to be told, and how often that is looked for.
  private static let (patience, pulse) = (Duration.milliseconds(250), Duration.milliseconds(2))

  /// A connection begins to listen to the changes after `start`.
  func begin(_ place: Place, from start: ContextCSN) {
    state.withLock { state in
      (state.place, state.heard, state.isLive) = (place, start, false)
    }
  }

  /// The connection was lost.
  func end() { state.withLock { $0.place = nil } }

  func hear(_ event: ContentSync.Event) {
    let said = event.cookie.flatMap { ContextCSN(cookie: $0) }
    state.withLock { state in
      if let said { state.heard?.advance(to: said) }
      switch event {
      case .presentListed(_, isRefreshed: true), .deletesListed(_, isRefreshed: true):
        state.isLive = true
        state.startAnew()
      case .cookie: break
      case .entry(_, _, let record, _): state.touch(record.name)
      case .present, .deleted, .presentListed, .deletesListed, .reference, .done:
        state.touched = nil
      }
    }
  }

  /// What was told since the last look, once that is all that the server at the other end of
  /// `connection` knows of. `nil` where that is not proven: nobody listens, to another server, or what
  /// it knows and what was told do not come together.
  func look(from connection: LDAPConnection) async -> Look? {
    guard await isLive(), var look = take(), await connection.url == look.place.url else {
      return nil
    }
    for _ in 0..<3 {
      guard let known = await known(to: connection, look), await hasHeard(known), let next = take(),
        let joined = look.joined(next)
      else { return nil }
      look = joined
      if let heard = look.heard, known.includes(heard) { return look }
    }
    return nil
  }

  /// What the server at the other end knows of; `nil` if that is less than was told here.
  private func known(to connection: LDAPConnection, _ look: Look) async -> ContextCSN? {
    do throws(LDAPError) {
      let known = try await connection.contextCSN(of: look.place.context)
      guard let known, let heard = look.heard, known.includes(heard) else { return nil }
      return known
    } catch {
      return nil
    }
  }

  private func isLive() async -> Bool {
    await comes { $0.isLive }
  }

  private func hasHeard(_ known: ContextCSN) async -> Bool {
    await comes { $0.heard?.includes(known) == true }
  }

  private func comes(_ isThere: (borrowing State) -> Bool) async -> Bool {
    let end = ContinuousClock.now + Self.patience
    while true {
      let (isHere, isLost) = state.withLock { (isThere($0), $0.place == nil) }
      if isHere || isLost || .now >= end { return isHere && !isLost }
      // It throws only when the task is cancelled.
      do { try await Task.sleep(for: Self.pulse) } catch { return false }
    }
  }

  private func take() -> Look? {
    state.withLock { state in
      guard let place = state.place, state.isLive else { return nil }
      let (previous, touched) = (state.looks, state.touched)
      state.startAnew()
      return Look(
        previous: previous, number: state.looks, touched: touched, heard: state.heard, place: place)
    }
  }
}
