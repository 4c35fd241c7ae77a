package import AccessModel

/// A directory in memory that says no where a real one does, with the result codes of RFC 4511 §4.1.9.
///
/// It knows entries and member values, and nothing of access. Every operation is strict: it takes
/// effect whole or not at all.
package struct InMemoryDirectory: Sendable {
  package enum Refusal: Int, Error, Equatable, Sendable {
    case noSuchAttribute = 16
    case attributeOrValueExists = 20
    case noSuchObject = 32
    case unwillingToPerform = 53
    case objectClassViolation = 65
    case entryAlreadyExists = 68
  }

  package struct Account: Equatable, Sendable {
    package var immutableID: String
    package var anchor: SubjectID?
    package var attributes: [String: [String]]
    /// What `DisableRule.deactivate` clears.
    package var isActive = true
  }

  package struct Group: Equatable, Sendable {
    package var immutableID: String
    package var members: Set<AccountKey> = []
    package fileprivate(set) var changedAt: Instant
  }

  package private(set) var accounts: [AccountKey: Account] = [:]
  package private(set) var groups: [EntitlementKey: Group] = [:]
  /// Groups are of a class that must not be empty (`groupOfNames`): the last member stays, result 65.
  package var groupsNeedMember: Bool
  /// Members that no group takes, result 53.
  package var refusedMembers: Set<AccountKey> = []
  private var issued = 0
  /// The directory's own clock: a second for each change of a group.
  private var clock = Instant(microseconds: 0)

  package init(groups: [EntitlementKey] = [], groupsNeedMember: Bool = false) {
    self.groupsNeedMember = groupsNeedMember
    for group in groups { self.groups[group] = Group(immutableID: nextID(), changedAt: clock) }
  }

  /// Everything as it was in a copy. Ids are not given again, and the clock does not go back.
  package mutating func restore(_ copy: InMemoryDirectory) {
    (accounts, groups) = (copy.accounts, copy.groups)
  }

  private mutating func tick() -> Instant {
    clock = clock.adding(.seconds(1))
    return clock
  }

  package mutating func addAccount(
    _ key: AccountKey, anchor: SubjectID?, attributes: [String: [String]]
  ) throws(Refusal) {
    guard accounts[key] == nil else { throw .entryAlreadyExists }
    accounts[key] = Account(immutableID: nextID(), anchor: anchor, attributes: attributes)
  }

  package mutating func modifyAccount(
    _ key: AccountKey, _ body: (inout Account) -> Void
  ) throws(Refusal) {
    guard var account = accounts[key] else { throw .noSuchObject }
    body(&account)
    account.attributes = account.attributes.filter { !$0.value.isEmpty }
    accounts[key] = account
  }

  /// Members keep the old key, as they do in a directory without referential integrity.
  package mutating func moveAccount(_ key: AccountKey, to newKey: AccountKey) throws(Refusal) {
    guard let account = accounts[key] else { throw .noSuchObject }
    guard accounts[newKey] == nil else { throw .entryAlreadyExists }
    accounts[key] = nil
    accounts[newKey] = account
  }

  /// Members keep the key, as they do in a directory without referential integrity.
  package mutating func deleteAccount(_ key: AccountKey) throws(Refusal) {
    guard accounts.removeValue(forKey: key) != nil else { throw .noSuchObject }
  }

  package mutating func addGroup(_ key: EntitlementKey) throws(Refusal) {
    guard groups[key] == nil else { throw .entryAlreadyExists }
    groups[key] = Group(immutableID: nextID(), changedAt: tick())
  }

  package mutating func deleteGroup(_ key: EntitlementKey) throws(Refusal) {
    guard groups.removeValue(forKey: key) != nil else { throw .noSuchObject }
  }

  /// A member need not exist: neither does a directory ask for it.
  package mutating func addMember(
    _ member: AccountKey, to group: EntitlementKey
  ) throws(Refusal) {
    guard groups[group] != nil else { throw .noSuchObject }
    guard !refusedMembers.contains(member) else { throw .unwillingToPerform }
    guard groups[group]?.members.insert(member).inserted == true else {
      throw .attributeOrValueExists
    }
    let now = tick()
    groups[group]?.changedAt = now
  }

  package mutating func removeMember(
    _ member: AccountKey, from group: EntitlementKey
  ) throws(Refusal) {
    guard let found = groups[group] else { throw .noSuchObject }
    guard found.members.contains(member) else { throw .noSuchAttribute }
    guard !groupsNeedMember || found.members.count > 1 else { throw .objectClassViolation }
    groups[group]?.members.remove(member)
    let now = tick()
    groups[group]?.changedAt = now
  }

  private mutating func nextID() -> String {
    issued += 1
    return "uuid-\(issued)"
  }
}
