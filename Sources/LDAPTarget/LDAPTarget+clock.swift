package import AccessModel
import LDAPClient

extension LDAPTarget: ClockWitness {
  package var witnessName: String { id.rawValue }

  /// The directory's clock: from its monitor where we may read that, else from the time of change that
  /// a write to an account of ours leaves behind.
  package func serverClock(
    touching account: AccountIdentity?
  ) async throws(ClockUnreadable) -> Instant {
    let connection: LDAPConnection
    do throws(TargetError) {
      connection = try await connect()
    } catch {
      throw ClockUnreadable(error.message)
    }
    do throws(ClockUnreadable) {
      let time = try await clock(on: connection, touching: account)
      await connection.close()
      return time
    } catch {
      await connection.close()
      throw error
    }
  }

  private func clock(
    on connection: isolated LDAPConnection, touching account: AccountIdentity?
  ) throws(ClockUnreadable) -> Instant {
    do throws(LDAPError) {
      var text = try monitorTime(on: connection)
      if text == nil { text = try timeOfChange(of: account, on: connection) }
      guard let text else {
        throw LDAPError(
          code: .localError,
          diagnostic: "cn=Monitor cannot be read, and there is no account of ours to write to")
      }
      guard let time = Instant(generalizedTime: text) else {
        throw LDAPError(code: .localError, diagnostic: "'\(text)' is not a time")
      }
      return time
    } catch {
      throw ClockUnreadable("\(error)")
    }
  }

  /// slapd-monitor(5): an operational attribute that says when the entry was asked for. `nil` where
  /// the server has no monitor, or hides it.
  private func monitorTime(on connection: isolated LDAPConnection) throws(LDAPError) -> String? {
    do throws(LDAPError) {
      let name = try DistinguishedName(monitor: "cn=Current,cn=Time,cn=Monitor")
      return try connection.record(name, attributes: ["monitorTimestamp"])?["monitorTimestamp"]
        .first
    } catch {
      guard error.code.isAnswer else { throw error }
      return nil
    }
  }

  /// Sets the anchor of the account to what it is and reads when that was (RFC 4512 §3.4.4). `nil`
  /// where there is no account, or the one of that name is not ours any more.
  private func timeOfChange(
    of account: AccountIdentity?, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> String? {
    guard let account else { return nil }
    let name = try DistinguishedName(monitor: account.key.rawValue)
    let record = try connection.record(name, attributes: [layout.anchor, layout.immutableID])
    guard let record, record[layout.immutableID].first == account.immutableID,
      !record[layout.anchor].isEmpty, !layout.isProtected(name),
      name.isDescendant(of: layout.accountsBase)
    else { return nil }
    let write = LDAPRequest.modify(
      name, [.replace(LDAPAttribute(layout.anchor, record[layout.anchor]))])
    try connection.perform([write])[0].result.check()
    return try connection.record(name, attributes: ["modifyTimestamp"])?["modifyTimestamp"].first
  }
}

extension DistinguishedName {
  /// Throws what is wrong with a name as if the server had said it.
  fileprivate init(monitor text: String) throws(LDAPError) {
    do throws(DNSyntaxError) {
      self = try DistinguishedName(parsing: text)
    } catch {
      throw LDAPError(code: .invalidDNSyntax, diagnostic: "\(error)")
    }
  }
}

extension Instant {
  /// GeneralizedTime in UTC with seconds (RFC 4517 §3.3.13): `20270112090000Z`, `20270112090000.5Z`.
  /// `nil` for anything else. Digits beyond the sixth of a fraction are cut.
  init?(generalizedTime text: String) {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }.map { Int($0 - 0x30) }
    let rest = text.utf8.dropFirst(digits.count)
    guard digits.count == 14, rest.last == UInt8(ascii: "Z"),
      rest.count == 1 || rest.first == UInt8(ascii: "."),
      rest.dropFirst().dropLast().allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    var time = CivilTime(
      year: number(0..<4), month: number(4..<6), day: number(6..<8), hour: number(8..<10),
      minute: number(10..<12), second: number(12..<14))
    guard (1...12).contains(time.month),
      (1...CivilTime.daysInMonth(time.month, of: time.year)).contains(time.day), time.hour < 24,
      time.minute < 60, time.second < 60
    else { return nil }
    let fraction = rest.dropFirst().dropLast().prefix(6).map { Int($0 - 0x30) }
    time.microsecond = (0..<6).reduce(0) { $0 * 10 + ($1 < fraction.count ? fraction[$1] : 0) }
    self.init(time)
  }
}
