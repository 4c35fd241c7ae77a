import AccessModel
import LDAPClient

/// One examination on one open connection. What one check finds out, later ones build on.
struct Checkup: Sendable {
  private(set) var layout: Layout
  let connection: LDAPConnection.Configuration
  let examination: Examination

  var server = ServerFacts()
  var accounts = AccountCensus()
  var groups = GroupCensus()

  init(layout: Layout, connection: LDAPConnection.Configuration, examination: Examination) {
    self.layout = layout
    self.connection = connection
    self.examination = examination
  }

  mutating func run(
    on link: isolated LDAPConnection, _ report: (Diagnosis) -> Void
  ) throws(LDAPError) {
    try server.read(on: link, layout)
    report(try identity(on: link))
    layout = layout.named(by: server.schema)
    for diagnosis in serverDiagnoses() { report(diagnosis) }
    for diagnosis in schemaDiagnoses() { report(diagnosis) }
    report(clock(try server.time(on: link)))
    try accounts.take(on: link, layout)
    for diagnosis in accountDiagnoses() { report(diagnosis) }
    if layout.groupsBase != nil {
      try groups.take(on: link, layout, server.schema)
      for diagnosis in groupDiagnoses() { report(diagnosis) }
      for diagnosis in classDiagnoses() { report(diagnosis) }
    }
    for diagnosis in try rights(on: link) { report(diagnosis) }
    report(try limits(on: link))
    report(try changeFeed(on: link))
    for diagnosis in try speed(on: link) { report(diagnosis) }
    for diagnosis in overlayDiagnoses() { report(diagnosis) }
    if examination.scratch { for diagnosis in try scratch(on: link) { report(diagnosis) } }
  }

  static func milliseconds(_ duration: Duration) -> String {
    let micro = Int(duration / .microseconds(1))
    return micro < 10_000 ? "\(micro / 1000).\(micro % 1000 / 100) ms" : "\(micro / 1000) ms"
  }

  /// Whom an administrator would name in an access rule or a limit.
  var bindDN: String? {
    guard case .simple(let name, _) = connection.bind else { return nil }
    return name.description
  }

  /// A lookup of one value that nobody has.
  static let nobody = "bellhop-doctor-none"
}
