import AccessModel
import LDAPClient

extension Checkup {
  /// Settings that make reading and writing fast: read from the server's configuration where that is
  /// shown, and timed from outside where it is not.
  func speed(on link: isolated LDAPConnection) throws(LDAPError) -> [Diagnosis] {
    var diagnoses = try indexes(on: link)
    if layout.groupsBase != nil { diagnoses.append(try sorting(on: link)) }
    if let database = server.database {
      if database["olcDbMaxSize"].isEmpty, database.name.contains("mdb") {
        diagnoses.append(
          Diagnosis(
            .warning, "database size", "10 MiB, the default: writes fail when it is full",
            wayOut: "set a size that the directory never reaches; it costs nothing",
            remedy: """
              dn: \(database.name)
              changetype: modify
              replace: olcDbMaxSize
              olcDbMaxSize: 8589934592
              """))
      }
      if database["olcReadOnly"] == ["TRUE"] {
        diagnoses.append(
          Diagnosis(.fault, "database", "read-only", wayOut: "set olcReadOnly: FALSE"))
      }
    }
    return diagnoses
  }

  /// The attributes that searches by value name.
  private var searched: [String] { [layout.immutableID, layout.anchor, layout.rdn] }

  private func indexes(on link: isolated LDAPConnection) throws(LDAPError) -> [Diagnosis] {
    if let database = server.database, !database["olcDbIndex"].isEmpty {
      let indexed = Self.equalityIndexes(database["olcDbIndex"])
      let wanted = searched + (server.hasOverlay("syncprov") ? ["entryCSN"] : [])
      var diagnoses = [index(wanted.filter { !indexed.contains($0.lowercased()) })]
      if indexed.contains(layout.memberAttribute.lowercased()) {
        diagnoses.append(
          Diagnosis(
            .advice, "index on \(layout.memberAttribute)",
            "there is one: each removal from a group indexes all that stay, 3 to 5 times the cost",
            wayOut: "keep it only if something searches groups by their members"))
      }
      return diagnoses
    }
    // Below this a search without an index is too quick to be told from one with it.
    guard accounts.count >= 2000 else {
      return [
        Diagnosis(
          .advice, "indexes", "not shown, and \(accounts.count) accounts are too few to time them",
          wayOut: "have equality indexes on \(searched.joined(separator: ", "))")
      ]
    }
    var slow: [String] = []
    for attribute in searched {
      // A 128-bit number that no entry has, in the syntax that ids and texts both take.
      let value = "00000000-0000-4000-8000-000000000000"
      // An indexed lookup takes 0.1 to 1 ms; comparing every entry about 1 µs for each.
      let limit = Duration.milliseconds(1) + .nanoseconds(300) * accounts.count
      let time = try quickest(
        LDAPSearch(
          base: layout.accountsBase, scope: .subtree, filter: .equals(attribute, value),
          attributes: []), limit, on: link)
      if time > limit { slow.append(attribute) }
    }
    return [index(slow)]
  }

  private func index(_ missing: [String]) -> Diagnosis {
    guard !missing.isEmpty else {
      return Diagnosis(
        .fine, "indexes", "searches by \(searched.joined(separator: ", ")) are quick")
    }
    let names = missing.joined(separator: ",")
    return Diagnosis(
      .advice, "indexes",
      "a search by \(missing.joined(separator: " or by ")) looks at every entry",
      wayOut: "add equality indexes",
      remedy: server.isOpenLDAP || server.root == nil
        ? """
        dn: \(server.databaseName)
        changetype: modify
        add: olcDbIndex
        olcDbIndex: \(names) eq
        """ : nil)
  }

  /// Of lines such as `uid,cn eq,sub`, the attributes with an equality index.
  static func equalityIndexes(_ lines: [String]) -> Set<String> {
    var names: Set<String> = []
    for line in lines {
      let words = line.split(separator: " ")
      guard let attributes = words.first,
        words.count == 1 || words[1].split(separator: ",").contains("eq")
      else { continue }
      for name in attributes.split(separator: ",") { names.insert(name.lowercased()) }
    }
    return names
  }

  /// Without sorted values, each value of a request is looked for in the whole group.
  private func sorting(on link: isolated LDAPConnection) throws(LDAPError) -> Diagnosis {
    let topic = "sorted members"
    let remedy: String? =
      server.isOpenLDAP || server.root == nil
      ? """
      dn: olcDatabase={-1}frontend,cn=config
      changetype: modify
      add: olcSortVals
      olcSortVals: \(layout.memberAttribute)
      """ : nil
    let advice = Diagnosis(
      .advice, topic,
      "values of \(layout.memberAttribute) are not kept sorted: changing many in a "
        + "large group takes a hundred times as long",
      wayOut: "keep them sorted; existing groups are sorted when they are next written",
      remedy: remedy)
    if let frontend = server.frontend {
      let sorted = frontend["olcSortVals"].flatMap { $0.split(separator: " ") }
      let isSorted = sorted.contains { $0.lowercased() == layout.memberAttribute.lowercased() }
      return isSorted
        ? Diagnosis(.fine, topic, "values of \(layout.memberAttribute) are kept sorted") : advice
    }
    guard let largest = groups.largest, largest.members >= 5000 else {
      return Diagnosis(
        .advice, topic, "not shown, and no group is large enough to time it",
        wayOut: "have values of \(layout.memberAttribute) kept sorted before groups grow large",
        remedy: remedy)
    }
    let asked = 300
    let values = (0..<asked).map { number in
      Filter.equals(
        layout.memberAttribute,
        layout.columns[0].valueAttribute == nil
          ? layout.accountsBase.child("cn", "\(Self.nobody)-\(number)").description
          : "\(Self.nobody)-\(number)")
    }
    // A search among sorted values takes about 6 µs for each, a scan 13 ns for each member.
    let limit = (.microseconds(15) + .nanoseconds(4) * largest.members) * asked
    let time = try quickest(
      LDAPSearch(base: largest.name, scope: .base, filter: .or(values), attributes: []), limit,
      on: link)
    return time > limit
      ? advice
      : Diagnosis(
        .fine, topic,
        "a value is found in a group of \(largest.members) within "
          + "\(Int(time / asked / .microseconds(1))) µs")
  }

  /// The best of several: other work on the server makes a search slower, never faster. One within the
  /// limit is enough; where none is, three are, from a second on.
  private func quickest(
    _ search: LDAPSearch, _ limit: Duration, on link: isolated LDAPConnection
  ) throws(LDAPError) -> Duration {
    let began = ContinuousClock.now
    var best = Duration.seconds(3600)
    for number in 1...20 {
      let start = ContinuousClock.now
      let result = link.perform([.search(search)])[0].result
      guard result.code.isAnswer else { throw LDAPError(result) }
      best = min(best, ContinuousClock.now - start)
      if best <= limit || (number >= 3 && ContinuousClock.now - began > .seconds(1)) { break }
    }
    return best
  }
}
