import AccessModel
import LDAPClient

extension Checkup {
  /// WhoAmI (RFC 4532).
  func identity(on link: isolated LDAPConnection) throws(LDAPError) -> Diagnosis {
    do throws(LDAPError) {
      guard let answer = try link.extended("1.3.6.1.4.1.4203.1.11.3"), !answer.isEmpty else {
        return Diagnosis(
          .fault, "identity", "the server takes us for nobody",
          wayOut: "look for a proxy or a mapping of identities on the server")
      }
      let words = String(decoding: answer, as: UTF8.self)
      return Diagnosis(.fine, "identity", "the server takes us for '\(words)'")
    } catch {
      guard error.code.isAnswer else { throw error }
      return Diagnosis(
        .advice, "identity", "the server does not say whom it takes us for: \(error)",
        wayOut: "allow the WhoAmI operation, so that a bind as somebody else is noticed")
    }
  }

  func serverDiagnoses() -> [Diagnosis] {
    guard server.root != nil else {
      return [
        Diagnosis(
          .advice, "root entry", "hidden: what the server can do is tried instead of read",
          wayOut: "let the bind identity read the root entry and the schema",
          remedy: """
            dn: olcDatabase={-1}frontend,cn=config
            changetype: modify
            add: olcAccess
            olcAccess: to dn.base="" by * read
            olcAccess: to dn.base="cn=subschema" by * read
            """)
      ]
    }
    let known = [
      (RequestControl.assertionIdentifier, "assertion"),
      (RequestControl.postReadIdentifier, "post-read"),
      ("1.2.840.113556.1.4.319", "paging"), (ContentSync.controlIdentifier, "content sync"),
    ]
    let offered = known.filter { server.offers($0.0) }.map(\.1)
    var diagnoses = [
      Diagnosis(
        .fine, "product",
        "\(server.product ?? "unknown"); offers \(offered.isEmpty ? "no control that helps" : offered.joined(separator: ", "))"
      )
    ]
    if !server.offers(RequestControl.assertionIdentifier) {
      diagnoses.append(
        Diagnosis(
          .advice, "assertion control",
          "not offered: a group is read again before each write instead of compared in it"))
    }
    if server.schema == nil {
      diagnoses.append(
        Diagnosis(
          .advice, "schema",
          "hidden: which classes must have a member is taken from the standards",
          wayOut: "let the bind identity read the schema (cn=subschema)"))
    }
    return diagnoses
  }

  /// What of the configuration the schema does not have.
  func schemaDiagnoses() -> [Diagnosis] {
    guard server.schema != nil else { return [] }
    let scope = ManagedScope(groups: [], attributes: [], disable: nil)
    let check = SchemaCheck(layout: layout, scope: scope)
    let faults = ([check.fault].compactMap(\.self) + check.notices).map { words in
      let (measured, wayOut) = Self.parted(words)
      return Diagnosis(.fault, "schema", measured, wayOut: wayOut)
    }
    return faults.isEmpty
      ? [Diagnosis(.fine, "schema", "it has every class and attribute of the configuration")]
      : faults
  }

  /// A sentence ends with the way out, after its last semicolon.
  private static func parted(_ words: String) -> (String, String?) {
    guard let semicolon = words.lastIndex(of: ";") else { return (words, nil) }
    return (
      String(words[..<semicolon]),
      String(words[words.index(after: semicolon)...].drop { $0 == " " })
    )
  }

  func clock(_ time: ServerTime) -> Diagnosis {
    let difference: Duration
    switch time {
    case .exact(let instant): difference = instant.since(examination.now)
    case .atLeast(let instant):
      guard instant > examination.now else {
        return Diagnosis(
          .advice, "clock",
          "the server does not show its time; its last change is not in our future")
      }
      difference = instant.since(examination.now)
    case .hidden:
      return Diagnosis(.advice, "clock", "the server does not show its time")
    }
    let seconds = Int(difference / .seconds(1))
    let size = seconds.magnitude
    let words =
      size < 2
      ? "agrees with ours" : "\(size) seconds \(seconds > 0 ? "ahead of" : "behind") ours"
    return Diagnosis(
      size < 60 ? .fine : size < 300 ? .warning : .fault, "clock", words,
      wayOut: size < 60
        ? nil : "synchronise both machines: access starts and ends by the clock of this one")
  }
}

/// What a server lets us know of its clock.
enum ServerTime: Sendable {
  case exact(Instant)
  /// It has said so, some time ago.
  case atLeast(Instant)
  case hidden
}

extension ServerFacts {
  func time(on link: isolated LDAPConnection) throws(LDAPError) -> ServerTime {
    if let text = root?["currentTime"].first, let now = Instant(generalizedTime: text) {
      return .exact(now)
    }
    let monitor = DistinguishedName([]).child("cn", "Monitor").child("cn", "Time")
      .child("cn", "Current")
    let record = try Self.visible(monitor, ["monitorTimestamp"], link)
    if let text = record?["monitorTimestamp"].first, let now = Instant(generalizedTime: text) {
      return .exact(now)
    }
    for context in namingContexts {
      let name: DistinguishedName
      do throws(DNSyntaxError) { name = try DistinguishedName(parsing: context) } catch { continue }
      // A change sequence number begins with a time: `20261121090911.123456Z#000000#000#000000`.
      let last = try Self.visible(name, ["contextCSN"], link)?["contextCSN"]
        .compactMap { Instant(generalizedTime: String($0.prefix { $0 != "#" })) }.max()
      if let last { return .atLeast(last) }
    }
    return .hidden
  }
}
