import AccessModel
import LDAPClient

extension Checkup {
  /// What a search gets without pages, beside what it got with them.
  func limits(on link: isolated LDAPConnection) throws(LDAPError) -> Diagnosis {
    let search = LDAPSearch(
      base: layout.accountsBase, scope: .subtree, filter: layout.accountFilter, attributes: [])
    let whole = link.search(search, pageSize: 0) { _ in }
    guard whole.result.code.isAnswer else { throw LDAPError(whole.result) }
    let paged = accounts.result
    if whole.isComplete {
      return Diagnosis(
        .fine, "limits", "a search gives all \(whole.entries) accounts at once, and by pages")
    }
    guard let paged, paged.isComplete else {
      return Diagnosis(
        .fault, "limits", "with pages and without: \(whole.shortfall)",
        wayOut: "lift the limits of the bind identity", remedy: limitRemedy)
    }
    return Diagnosis(
      .fine, "limits",
      "without pages \(whole.entries) of \(paged.entries) accounts, by pages all of them")
  }

  /// Content synchronisation: whether it is there, and whether it is quick when nothing changed.
  func changeFeed(on link: isolated LDAPConnection) throws(LDAPError) -> Diagnosis {
    let topic = "change feed"
    let remedy: String? =
      server.isOpenLDAP
      ? """
      dn: olcOverlay=syncprov,\(server.databaseName)
      changetype: add
      objectClass: olcOverlayConfig
      objectClass: olcSyncProvConfig
      olcOverlay: syncprov
      olcSpSessionlog: 10000
      """ : nil
    if server.root != nil, !server.offers(ContentSync.controlIdentifier) {
      if server.offers(RequestControl.directorySyncIdentifier) {
        return Diagnosis(
          .fine, topic, "DirSync is offered: what has changed is asked for every second")
      }
      return Diagnosis(
        .advice, topic, "not offered: a change by hand is seen at the next run, not at once",
        wayOut: server.isOpenLDAP ? "load syncprov and its overlay" : nil, remedy: remedy)
    }
    if let overlay = server.overlays.first(where: {
      $0["olcOverlay"].contains { $0.hasSuffix("syncprov") }
    }), overlay["olcSpSessionlog"].isEmpty, overlay["olcSpSessionlogSource"].isEmpty {
      return Diagnosis(
        .advice, topic, "offered without a log: after each interruption all entries are compared",
        wayOut: "keep a session log",
        remedy: """
          dn: \(overlay.name)
          changetype: modify
          add: olcSpSessionlog
          olcSpSessionlog: 10000
          """)
    }
    guard server.root != nil else {
      return Diagnosis(.advice, topic, "not known, as the root entry is hidden")
    }
    return Diagnosis(.fine, topic, "content synchronisation is offered")
  }
}
