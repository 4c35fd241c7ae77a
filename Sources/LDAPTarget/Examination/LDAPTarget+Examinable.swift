package import AccessModel
import LDAPClient

extension LDAPTarget: Examinable {
  package var name: String { id.rawValue }

  package func examine(
    _ examination: Examination, report: @Sendable (Diagnosis) -> Void
  ) async {
    let arrival = Arrival(target: self, now: examination.now)
    guard let connection = await arrival.connect(report) else { return }
    var checkup = Checkup(layout: layout, connection: self.connection, examination: examination)
    do throws(LDAPError) {
      try await checkup.run(on: connection, report)
    } catch {
      report(
        Diagnosis(
          .fault, "connection", "lost during the examination: \(error)",
          wayOut: "run the command again; if it ends here again, look at the server's log"))
    }
    await connection.close()
  }
}
