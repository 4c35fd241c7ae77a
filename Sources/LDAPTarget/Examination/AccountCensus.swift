import AccessModel
import LDAPClient

/// The accounts, counted.
struct AccountCensus: Sendable {
  private(set) var result: LDAPSearchResult?
  private(set) var took = Duration.zero
  private(set) var withoutID = 0
  private(set) var withoutName = 0
  private(set) var anchored = 0
  private(set) var sharedAnchors = 0
  private(set) var sample: DistinguishedName?
  /// What the sample shows of its groups by itself.
  private(set) var showsMemberOf = false

  var count: Int { result?.entries ?? 0 }

  mutating func take(on link: isolated LDAPConnection, _ layout: Layout) throws(LDAPError) {
    var anchors: [[UInt8]: Bool] = [:]
    let search = LDAPSearch(
      base: layout.accountsBase, scope: .subtree, filter: layout.accountFilter,
      attributes: [layout.immutableID, layout.rdn, layout.anchor])
    let start = ContinuousClock.now
    let result = link.search(search) { entry in
      guard let record = LDAPRecord(entry) else {
        withoutID += 1
        return
      }
      if record[layout.immutableID].isEmpty { withoutID += 1 }
      if record[layout.rdn].isEmpty { withoutName += 1 }
      if let anchor = record[layout.anchor].first {
        anchored += 1
        if anchors.updateValue(true, forKey: Array(anchor.utf8)) != nil { sharedAnchors += 1 }
      }
      if sample == nil { sample = Self.name(record.name) }
    }
    took = ContinuousClock.now - start
    guard result.result.code.isAnswer else { throw LDAPError(result.result) }
    self.result = result
    if let sample {
      let record = try ServerFacts.visible(sample, ["memberOf"], link)
      showsMemberOf = record.map { !$0["memberOf"].isEmpty } ?? false
    }
  }

  static func name(_ text: String) -> DistinguishedName? {
    do throws(DNSyntaxError) { return try DistinguishedName(parsing: text) } catch { return nil }
  }
}

extension Layout {
  var accountFilter: Filter { .and(accountClasses.map { .equals("objectClass", $0) }) }
}

extension Checkup {
  func accountDiagnoses() -> [Diagnosis] {
    guard let result = accounts.result else { return [] }
    let place = "below '\(layout.accountsBase)'"
    let classes = layout.accountClasses.joined(separator: "+")
    guard result.isComplete else {
      return [unreadable("accounts", place, result)]
    }
    guard accounts.count > 0 else {
      return [
        Diagnosis(
          .warning, "accounts", "no entry of \(classes) \(place), or none that we may see",
          wayOut: "this is right for a new branch only; otherwise check accounts.base, "
            + "accounts.objectClasses and the access rules")
      ]
    }
    var diagnoses = [
      Diagnosis(
        .fine, "accounts",
        "\(accounts.count) of \(classes) \(place), read to the end in "
          + Self.milliseconds(accounts.took)),
      anchorDiagnosis(),
    ]
    if accounts.withoutID > 0 {
      diagnoses.append(
        Diagnosis(
          .fault, "immutable ids",
          "\(accounts.withoutID) of \(accounts.count) accounts show no \(layout.immutableID)",
          wayOut: server.isOpenLDAP
            ? "let the bind identity read entryUUID; entries loaded without one get it by slapadd"
            : "let the bind identity read it, or name the attribute that this server has with "
              + "immutableID (nsUniqueId, objectGUID)"))
    } else {
      diagnoses.append(
        Diagnosis(.fine, "immutable ids", "every account shows its \(layout.immutableID)"))
    }
    if accounts.withoutName > 0 {
      diagnoses.append(
        Diagnosis(
          .warning, "names",
          "\(accounts.withoutName) of \(accounts.count) accounts have no \(layout.rdn)",
          wayOut: "accounts named by another attribute are found by their anchor only; check "
            + "accounts.rdn"))
    }
    return diagnoses
  }

  private func anchorDiagnosis() -> Diagnosis {
    let words = "\(accounts.anchored) of \(accounts.count) accounts have one in \(layout.anchor)"
    guard accounts.sharedAnchors > 0 else { return Diagnosis(.fine, "anchors", words) }
    return Diagnosis(
      .warning, "anchors", "\(words); \(accounts.sharedAnchors) share it with another account",
      wayOut: "subjects with two accounts are held as disputed until one of them loses the "
        + layout.anchor)
  }

  /// What was cut off, and what lifts it.
  func unreadable(_ topic: String, _ place: String, _ result: LDAPSearchResult) -> Diagnosis {
    let words = "\(place): \(result.shortfall)"
    switch result.result.code {
    case .noSuchObject, .insufficientAccessRights:
      return Diagnosis(
        .fault, topic, words,
        wayOut: "check the base, and let the bind identity read it and what is below",
        remedy: server.isOpenLDAP || server.root == nil ? accessLDIF(place) : nil)
    case .sizeLimitExceeded, .adminLimitExceeded, .timeLimitExceeded:
      return Diagnosis(
        .fault, topic, words,
        wayOut: "nothing is removed on a partial reading; lift the limits of the bind identity",
        remedy: limitRemedy)
    default:
      return Diagnosis(
        .fault, topic, words, wayOut: "nothing is removed on a partial reading; look at the server")
    }
  }

  private func accessLDIF(_ place: String) -> String? {
    guard let bindDN else { return nil }
    let branches = [layout.accountsBase, layout.groupsBase].compactMap(\.self)
    return
      (["dn: \(server.databaseName)", "changetype: modify", "add: olcAccess"]
      + branches.enumerated().map { index, branch in
        "olcAccess: {\(index)}to dn.subtree=\"\(branch)\" by dn.exact=\"\(bindDN)\" write by * break"
      }).joined(separator: "\n")
  }

  /// LDIF where the server is OpenLDAP, the names of the limits where it is another one we know.
  var limitRemedy: String? {
    guard let bindDN else { return nil }
    if server.isOpenLDAP || server.root == nil {
      return """
        dn: \(server.databaseName)
        changetype: modify
        add: olcLimits
        olcLimits: dn.exact="\(bindDN)" size=unlimited time=unlimited size.prtotal=unlimited \
        size.pr=unlimited
        """
    }
    guard server.product?.contains("389") == true else { return nil }
    return """
      dn: \(bindDN)
      changetype: modify
      replace: nsSizeLimit
      nsSizeLimit: -1
      -
      replace: nsPagedSizeLimit
      nsPagedSizeLimit: -1
      -
      replace: nsLookThroughLimit
      nsLookThroughLimit: -1
      -
      replace: nsPagedLookThroughLimit
      nsPagedLookThroughLimit: -1
      """
  }
}
