import AccessModel
import LDAPClient

/// One reading of the directory.
struct StateReader: Sendable {
  /// As it is configured.
  let configured: Layout
  let scope: ManagedScope
  let memory: LDAPTarget.Configuration.Memory?

  /// What readings before this one found, and what of the accounts was told since.
  struct Known {
    var groups: GroupMemory?
    var accounts: AccountMemory?
    let look: AccountWatch.Look?
  }

  struct Reading {
    let state: ActualState
    /// What the next reading may use.
    let groups: GroupMemory?
    let accounts: AccountMemory?
    /// Whether not all accounts were read.
    let hasKeptAccounts: Bool
    /// Of each account, what a write needs to know.
    let proofs: AccountProofs
    /// As the server names things.
    let layout: Layout
  }

  /// Throws if the accounts' branch or the whole server cannot be read; what ends before its end is
  /// partial.
  func read(
    _ known: consuming Known, on connection: isolated LDAPConnection
  ) throws(TargetError) -> Reading {
    let layout = configured.named(by: try schema(on: connection))
    let check = SchemaCheck(layout: layout, scope: scope)
    if let fault = check.fault {
      throw TargetError(target: layout.target, disposition: .stopTarget, message: fault)
    }
    let now = memory?.now()
    let (directory, kept) = try accounts(
      AccountReader(layout: layout, scope: scope), known.accounts.take(), known.look, at: now,
      on: connection)
    let origin = memory == nil ? nil : try origin(of: layout, connection)
    var usable: GroupMemory?
    if let memory, let now, let origin, let earlier = known.groups,
      earlier.isOf(origin, notOlderThan: memory.fullReading, at: now)
    {
      usable = earlier
    }
    var groups = GroupReader(
      layout: layout, scope: scope, directory: directory, earlier: usable,
      remembers: origin != nil)
    let found = try groups.read(on: connection)
    let (strangers, memberships, incomplete) = groups.members.sorted()
    let state = ActualState(
      target: layout.target, coverage: directory.coverage, accounts: directory.accounts,
      groups: found, changedAt: groups.changedAt, strangers: strangers, memberships: memberships,
      incomplete: incomplete, strangersByAccount: accounts(of: strangers, layout),
      unknownAttributes: check.unknownAttributes, notices: check.notices)
    var next: GroupMemory?
    if let origin, let now {
      var memory = GroupMemory(
        origin: origin, fullReadingAt: usable?.fullReadingAt ?? now, groups: groups.remembered)
      // What was not asked for this time stays remembered.
      if scope.only != nil, let usable { memory.groups.merge(usable.groups) { mine, _ in mine } }
      next = memory
    }
    return Reading(
      state: state, groups: next, accounts: kept,
      hasKeptAccounts: kept.map { $0.readAt != now } ?? false,
      proofs: directory.proofs, layout: layout)
  }

  /// The accounts, and what the next reading may use of them. Only those that were touched are read
  /// where it is proven that all others are what they were.
  private func accounts(
    _ reader: AccountReader, _ earlier: consuming AccountMemory?, _ look: AccountWatch.Look?,
    at now: Instant?, on connection: isolated LDAPConnection
  ) throws(TargetError) -> (AccountDirectory, AccountMemory?) {
    let plan = try reader.plan()
    guard let memory, memory.accounts > .zero, let now, let look, plan.isWatched else {
      return (try reader.read(plan, on: connection), nil)
    }
    if let known = earlier.take(), let touched = look.touched,
      known.answers(plan.question, look, notOlderThan: memory.accounts, at: now),
      let directory = reader.read(
        plan, known: known.directory, touched: touched, on: connection)
    {
      return (
        directory,
        AccountMemory(directory, plan.question, look: look.number, readAt: known.readAt)
      )
    }
    let directory = try reader.read(plan, on: connection)
    return (directory, AccountMemory(directory, plan.question, look: look.number, readAt: now))
  }

  /// A server that hides its schema is taken to know what the configuration names.
  private func schema(on connection: isolated LDAPConnection) throws(TargetError) -> Schema? {
    do throws(LDAPError) {
      let check = SchemaCheck(layout: configured, scope: scope)
      return try connection.schema(objectClasses: check.classes, attributes: check.names)
    } catch {
      if error.code.isAnswer { return nil }
      throw error.targetError(configured.target, "cannot read the schema")
    }
  }

  /// Where groups hold what accounts are named by, a value that outlived its account still tells whose
  /// it was.
  private func accounts(
    of strangers: [AccountKey], _ layout: Layout
  ) -> [AccountKey: AccountKey] {
    guard let attribute = layout.columns[0].valueAttribute,
      AttributeType.normalise(attribute) == AttributeType.normalise(layout.rdn)
    else { return [:] }
    return Dictionary(
      strangers.map { stranger in
        let name = layout.accountsBase.child(layout.rdn, stranger.rawValue)
        return (AccountKey(name.normalised), stranger)
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Which directory this is: the server that answers, and the identity of the branch, which a
  /// database that was set up anew does not have. `nil` if it shows none.
  private func origin(
    of layout: Layout, _ connection: isolated LDAPConnection
  ) throws(TargetError) -> String? {
    guard let base = layout.groupsBase, let url = connection.url else { return nil }
    do throws(LDAPError) {
      guard
        let id = try connection.record(base, attributes: [layout.immutableID])?[
          layout.immutableID
        ].first
      else { return nil }
      return "\(url)\n\(id)\n\(layout.fingerprint)"
    } catch {
      throw error.targetError(layout.target, "cannot read '\(base)'")
    }
  }
}

extension LDAPSearchResult {
  /// Why what was read is not all there is.
  var shortfall: String {
    references > 0 && result.isSuccess
      ? "\(references) part(s) are on another server, and referrals are not followed"
      : "\(LDAPError(result)) after \(entries) entries"
  }
}
