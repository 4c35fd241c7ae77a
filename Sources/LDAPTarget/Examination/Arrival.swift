import AccessModel
import LDAPClient

/// The way in: each server of the list by itself, and what protects the connection.
struct Arrival: Sendable {
  let target: LDAPTarget
  let now: Instant

  /// A connection to the first server that lets us in; the others are tried and closed again. `nil`
  /// if there is none.
  func connect(_ report: (Diagnosis) -> Void) async -> LDAPConnection? {
    var first: LDAPConnection?
    let urls = target.connection.urls
    for url in urls {
      let connection = LDAPConnection(target.connection.reaching(only: url))
      let start = ContinuousClock.now
      do throws(LDAPError) {
        try await connection.open()
      } catch {
        report(refused(url, error, isLast: first == nil && url == urls.last))
        // A wrong password is not tried at every server until the account is locked.
        if error.code == .invalidCredentials { break }
        continue
      }
      let took = Checkup.milliseconds(ContinuousClock.now - start)
      let tls = await connection.tls
      let protection = tls.map { ", \($0.version)" } ?? ", not encrypted, on this machine only"
      report(Diagnosis(.fine, "server", "\(url) lets us in after \(took)\(protection)"))
      if let diagnosis = certificate(tls) { report(diagnosis) }
      if first == nil {
        first = connection
      } else {
        await connection.close()
      }
    }
    return first
  }

  private func refused(_ url: LDAPURL, _ error: LDAPError, isLast: Bool) -> Diagnosis {
    let wayOut =
      switch error.code {
      case .invalidCredentials:
        "check bind.dn and the password; both are wrong in the same way to a server"
      case .confidentialityRequired, .strongerAuthRequired:
        "the server wants TLS: use ldaps:// or 'tls: { startTLS: true }'"
      case .inappropriateAuthentication, .authMethodNotSupported:
        "the server does not take this kind of bind"
      default:
        "check that it runs and can be reached; with TLS its certificate must name this host and "
          + "come from an authority in tls.caFile"
      }
    return Diagnosis(
      isLast || !error.code.mayDifferElsewhere ? .fault : .warning, "server",
      "\(url): \(error)", wayOut: wayOut)
  }

  private func certificate(_ tls: TLSState?) -> Diagnosis? {
    guard let tls else { return nil }
    guard let validity = tls.certificate, let end = instant(validity.notAfter) else {
      return Diagnosis(
        .advice, "certificate", "checked, but the TLS library does not show until when it holds")
    }
    let days = Int(end.since(now) / .seconds(86_400))
    guard days < 30 else {
      return Diagnosis(.fine, "certificate", "holds for \(days) more days")
    }
    return Diagnosis(
      days < 7 ? .fault : .warning, "certificate", "ends in \(days) days, on \(validity.notAfter)",
      wayOut: "renew it; no connection is made to a server whose certificate has ended")
  }

  private func instant(_ text: String) -> Instant? {
    do throws(InstantSyntaxError) { return try Instant(parsing: text) } catch { return nil }
  }
}

extension LDAPResultCode {
  /// Whether another server of the list might still let us in.
  fileprivate var mayDifferElsewhere: Bool { self != .invalidCredentials }
}
