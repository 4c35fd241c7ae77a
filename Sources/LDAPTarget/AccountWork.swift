import AccessModel
import LDAPClient

/// One change of an account on its way.
struct AccountWork {
  struct Refusal: Error {
    let reason: String
  }

  enum Step {
    case settle(Outcome)
    /// `isLast` says that an answer of success settles it; otherwise it is read again.
    case send(LDAPRequest, isLast: Bool)
  }

  /// What is found under each of `names`.
  typealias Reading = [LDAPRecord?]

  let index: Int
  /// Where the account is, and where a move brings it.
  let names: [DistinguishedName]
  private let layout: Layout
  private let task: Task
  private let identity: AccountIdentity?
  private var attempts = 0
  /// A request that may have changed something left.
  private(set) var wasSent = false
  private var lastError: LDAPError?
  /// Why it is not sent again. Whether it was done is still to be read.
  private var refusal: Outcome?

  private enum Task {
    case create(SubjectID, [LDAPAttribute])
    /// Attributes become so, then the entry moves to the second name, if there is one.
    case change([AttributeChange])
    case delete(SubjectID?)
  }

  /// Throws if the change cannot be made in this directory, whatever is in it.
  init(_ change: Change, _ index: Int, _ layout: Layout) throws(Refusal) {
    self.index = index
    self.layout = layout
    switch change {
    case .createAccount(let account, let attributes, _):
      guard let subject = account.subject else {
        throw Refusal(reason: "an account is created for a subject, and none is named")
      }
      identity = nil
      let entry = try Self.entry(subject, attributes, layout)
      names = [entry.name]
      task = .create(subject, entry.attributes)
    case .updateAccount(let account, let attributes, _):
      (identity, names) = try Self.locate(account, nil)
      try Self.checkFixed(attributes, layout)
      task = .change(attributes)
    case .enableAccount(let account, let rule, let attributes, _):
      try Self.checkFixed(attributes, layout)
      switch rule {
      case .set(let values):
        (identity, names) = try Self.locate(account, nil)
        task = .change(attributes + Self.undoing(values, besides: attributes))
      case .moveTo:
        (identity, names) = try Self.locate(account, layout.accountsBase)
        task = .change(attributes)
      case .deactivate: throw Self.unsupported
      }
    case .disableAccount(let account, let rule, _):
      switch rule {
      case .set(let values):
        (identity, names) = try Self.locate(account, nil)
        task = .change(
          values.sorted { $0.key < $1.key }
            .map { AttributeChange(name: $0.key, before: [], after: $0.value) })
      case .moveTo(let text):
        (identity, names) = try Self.locate(account, try Self.branch(text))
        task = .change([])
      case .deactivate: throw Self.unsupported
      }
    case .deleteAccount(let account, _):
      (identity, names) = try Self.locate(account, nil)
      task = .delete(account.subject)
    case .createGroup, .addMember, .removeMember:
      throw Refusal(reason: "not a change of an account")
    }
    if let name = names.first(where: layout.isProtected) {
      throw Refusal(reason: "'\(name)' is protected and never written")
    }
  }

  /// The attributes to read for a decision.
  func attributes(_ layout: Layout) -> [String] {
    var names = [layout.immutableID, layout.anchor]
    if case .change(let changes) = task { names += changes.map { layout.name(of: $0.name) } }
    return names
  }

  /// What to do, given what is there now.
  mutating func decide(_ reading: Reading) -> Step {
    attempts += 1
    let step =
      switch task {
      case .create(let subject, let attributes): create(subject, attributes, reading[0])
      case .delete(let subject): delete(subject, reading[0])
      case .change(let changes): change(changes, reading)
      }
    if case .send = step, let refusal { return .settle(refusal) }
    return step
  }

  /// Says why it is refused, if it turns out that it has not been done all the same.
  mutating func refuse(_ outcome: Outcome) {
    if refusal != nil { refusal = outcome }
  }

  /// Notes an answer; gives the outcome if that settles it.
  mutating func sent(_ result: LDAPResult, isLast: Bool) -> Outcome? {
    lastError = LDAPError(result)
    switch result.delivery {
    case .unsent: return attempts > 3 ? result.outcome : nil
    case .unanswered:
      wasSent = true
      return attempts > 2 ? result.outcome : nil
    case .answered: break
    }
    if result.isSuccess {
      wasSent = true
      return isLast ? done { .applied(identity: $0) } : nil
    }
    // Somebody was faster: what is there now decides.
    let isRace = [.entryAlreadyExists, .noSuchObject].contains(result.code)
    if isRace, attempts < 3 { return nil }
    if result.code.isAboutTheRequest { return result.outcome }
    (wasSent, refusal) = (true, result.outcome)
    return nil
  }

  /// The outcome when no connection is to be had any more.
  func giveUp(_ error: LDAPError) -> Outcome {
    wasSent
      ? .unknown(reason: "\(lastError ?? error)")
      : .failed(error.code.disposition, reason: "\(error)")
  }

  private func create(
    _ subject: SubjectID, _ attributes: [LDAPAttribute], _ record: LDAPRecord?
  ) -> Step {
    guard let record else {
      if attempts > 3 { return .settle(.failed(.retryLater, reason: "it does not stay")) }
      return .send(.add(names[0], attributes), isLast: false)
    }
    guard record[layout.anchor] == [subject.rawValue] else {
      return .settle(
        .refused(
          reason: "'\(names[0])' exists and does not carry the subject's id in \(layout.anchor); "
            + "if it is the subject's, set 'correlation: adopt' in the mapping's accounts rule"))
    }
    guard let id = record[layout.immutableID].first else {
      return .settle(.failed(.skipChange, reason: "it shows no \(layout.immutableID)"))
    }
    let identity = AccountIdentity(key: AccountKey(names[0].normalised), immutableID: id)
    return .settle(wasSent ? .applied(identity: identity) : .alreadyInState(identity: identity))
  }

  private func delete(_ subject: SubjectID?, _ record: LDAPRecord?) -> Step {
    guard let record else { return .settle(wasSent ? .applied() : .alreadyInState()) }
    if let refusal = mismatch(record) { return .settle(.refused(reason: refusal)) }
    guard let subject, record[layout.anchor] == [subject.rawValue] else {
      return .settle(
        .refused(reason: "it no longer carries the subject's id in \(layout.anchor)"))
    }
    return .send(.delete(names[0]), isLast: true)
  }

  private func change(_ changes: [AttributeChange], _ reading: Reading) -> Step {
    guard let place = reading.firstIndex(where: { $0 != nil }),
      let record = reading[place]
    else { return .settle(.failed(.skipChange, reason: "it is no longer there")) }
    if let refusal = mismatch(record) { return .settle(.refused(reason: refusal)) }
    let isInPlace = place == names.count - 1
    let differing = changes.filter {
      !record[layout.name(of: $0.name)].hasSameBytes(as: $0.after)
    }
    if !differing.isEmpty {
      if attempts > 3 {
        return .settle(.refused(reason: "the server does not keep the values it is given"))
      }
      let modifications = differing.map {
        LDAPModification.replace(LDAPAttribute($0.name, $0.after))
      }
      return .send(.modify(names[place], modifications), isLast: isInPlace)
    }
    if !isInPlace, let parent = names[names.count - 1].parent {
      do throws(DNSyntaxError) {
        // As the server writes it: the leaf is sent anew, and its case and spaces are the account's.
        return .send(
          .move(try DistinguishedName(parsing: record.name), below: parent), isLast: true)
      } catch {
        return .settle(.refused(reason: "\(error)"))
      }
    }
    return .settle(done { wasSent ? .applied(identity: $0) : .alreadyInState(identity: $0) })
  }

  private func mismatch(_ record: LDAPRecord) -> String? {
    guard let identity, record[layout.immutableID] != [identity.immutableID] else { return nil }
    return "its name was given to another entry: \(layout.immutableID) is not what was read"
  }

  /// An outcome of success, with the identity the account now has, if there still is one.
  private func done(_ outcome: (AccountIdentity?) -> Outcome) -> Outcome {
    guard let identity, case .change = task else { return outcome(nil) }
    let key = AccountKey(names[names.count - 1].normalised)
    return outcome(AccountIdentity(key: key, immutableID: identity.immutableID))
  }
}

extension AccountWork {
  private static let unsupported = Refusal(
    reason: "a directory has no standard way to deactivate; configure disable with set or moveTo")

  private static func locate(
    _ account: AccountReference, _ branch: DistinguishedName?
  ) throws(Refusal) -> (AccountIdentity?, [DistinguishedName]) {
    guard let identity = account.identity else {
      throw Refusal(reason: "the account was not read, so nothing says which entry it is")
    }
    let name: DistinguishedName
    do throws(DNSyntaxError) {
      name = try DistinguishedName(parsing: identity.key.rawValue)
    } catch {
      throw Refusal(reason: "\(error)")
    }
    guard let branch, let leaf = name.names.first, name.parent != branch else {
      return (identity, [name])
    }
    return (identity, [name, DistinguishedName([leaf] + branch.names)])
  }

  private static func branch(_ text: String) throws(Refusal) -> DistinguishedName {
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: text)
    } catch {
      throw Refusal(reason: "disable.moveTo: \(error)")
    }
  }

  private static func checkFixed(
    _ attributes: [AttributeChange], _ layout: Layout
  ) throws(Refusal) {
    for attribute in attributes
    where isSame(layout.name(of: attribute.name), layout.rdn, layout.anchor) {
      throw Refusal(
        reason: "\(attribute.name) cannot change: the entry is named or recognised by it")
    }
  }

  private static func isSame(_ name: String, _ others: String...) -> Bool {
    others.contains { AttributeType.normalise($0) == AttributeType.normalise(name) }
  }

  /// What disabling wrote goes, unless the mapping gives the attribute a value anyway.
  private static func undoing(
    _ values: [String: [String]], besides attributes: [AttributeChange]
  ) -> [AttributeChange] {
    values.sorted { $0.key < $1.key }
      .filter { rule in
        !rule.value.isEmpty && !attributes.contains { isSame($0.name, rule.key) }
      }
      .map { AttributeChange(name: $0.key, before: $0.value, after: []) }
  }

  private static func entry(
    _ subject: SubjectID, _ attributes: [AttributeChange], _ layout: Layout
  ) throws(Refusal) -> (name: DistinguishedName, attributes: [LDAPAttribute]) {
    let naming = attributes.filter { isSame(layout.name(of: $0.name), layout.rdn) }
      .flatMap(\.after)
    guard naming.count == 1, let value = naming.first, !value.isEmpty else {
      throw Refusal(
        reason: "\(layout.rdn) names the entry and needs exactly one value, not \(naming.count); "
          + "map it in accounts.attributes")
    }
    let anchors = attributes.filter { isSame(layout.name(of: $0.name), layout.anchor) }
      .flatMap(\.after)
    guard anchors.allSatisfy({ $0 == subject.rawValue }) else {
      throw Refusal(
        reason: "\(layout.anchor) holds the subject's id and cannot be mapped to anything else")
    }
    let mapped = attributes.filter {
      !$0.after.isEmpty && !isSame(layout.name(of: $0.name), layout.anchor, "objectClass")
    }
    let name = layout.accountsBase.child(layout.rdn, value)
    return (
      name,
      [LDAPAttribute("objectClass", layout.accountClasses)]
        + mapped.map { LDAPAttribute($0.name, $0.after) }
        + [LDAPAttribute(layout.anchor, [subject.rawValue])]
    )
  }
}
