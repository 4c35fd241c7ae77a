/// What a server tells of the changes below a base (RFC 4533), as it comes.
///
/// Each `next` waits for one message on the connection's own thread, and nothing is read ahead. In
/// the persist stage it may wait for days; while it is quiet the server is asked for a sign of life
/// every so often, so a server that hangs ends the sequence by a throw. So does a lost connection. A
/// task that is cancelled closes the connection.
///
/// It is a doorbell, not the truth. Servers leave out entries that were loaded past them, answer a
/// cookie they do not know with everything or with nothing, and send whole entries, never
/// differences. What rings is to be read.
package struct ContentSync: AsyncSequence, Sendable {
  /// As `supportedControl` lists it.
  package static let controlIdentifier = SyncRequest.identifier

  package enum Mode: UInt32, Sendable {
    case refreshOnly = 1
    case refreshAndPersist = 3
  }

  /// Why an entry is sent. In the refresh stage servers send changed entries as `add`.
  package enum State: Int, Sendable { case present, add, modify, delete }

  package enum Event: Sendable, Equatable {
    /// Of a deleted entry, and of one that left the filter, there is the name and no attribute.
    case entry(State, EntryUUID, LDAPRecord, cookie: [UInt8]?)
    /// Entries that are still there, or gone, or never matched the filter.
    case present([EntryUUID], cookie: [UInt8]?)
    case deleted([EntryUUID], cookie: [UInt8]?)
    /// The end of a phase: what was not listed as present is gone, or what is gone was listed.
    /// `isRefreshed`: the refresh stage is over, and what follows happens now.
    case presentListed(cookie: [UInt8]?, isRefreshed: Bool)
    case deletesListed(cookie: [UInt8]?, isRefreshed: Bool)
    case cookie([UInt8])
    /// A part of the content is on another server.
    case reference
    /// The end of `refreshOnly`. Without `refreshDeletes` what was not listed is gone. Without a
    /// cookie the old one still holds.
    case done(cookie: [UInt8]?, refreshDeletes: Bool)

    /// Where to go on from, if the server says so.
    package var cookie: [UInt8]? {
      switch self {
      case .entry(_, _, _, let cookie), .present(_, let cookie), .deleted(_, let cookie),
        .presentListed(let cookie, _), .deletesListed(let cookie, _), .done(let cookie, _):
        cookie
      case .cookie(let cookie): cookie
      case .reference: nil
      }
    }
  }

  let connection: LDAPConnection
  let id: Int32
  let patience: Duration

  package func makeAsyncIterator() -> Iterator { Iterator(sync: self) }

  package struct Iterator: AsyncIteratorProtocol {
    let sync: ContentSync
    var isOver = false

    package mutating func next() async throws(LDAPError) -> Event? {
      if isOver { return nil }
      do throws(LDAPError) {
        let event = try await sync.connection.nextEvent(of: sync)
        if case .done = event { isOver = true }
        return event
      } catch {
        isOver = true
        throw error
      }
    }
  }
}
