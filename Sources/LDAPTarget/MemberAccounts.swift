import AccessModel
import LDAPClient

/// The accounts of a batch of memberships: still the same entries, and what of them stands in groups.
struct MemberAccounts {
  private struct Row {
    let name: DistinguishedName
    let immutableID: String
    var indices: [Int]
  }

  private let layout: Layout
  private var rows: [Row] = []
  private var positions: [AccountIdentity: Int] = [:]
  /// Whether an account shows that the server writes each account's groups into it, which makes every
  /// member dear.
  private(set) var showsMemberOf = false
  /// By position of the change, of those that are nobody we know.
  private var strangers: [Int: Value] = [:]

  /// What stands in a group for an account.
  struct Value: Sendable {
    /// One for each column; `nil` where nothing is known to stand there.
    let values: [[UInt8]?]
    /// The value outlived its account, or never had one: it can only be removed.
    let isGone: Bool
  }

  init(layout: Layout) { self.layout = layout }

  /// Gives the reason if the reference names no account.
  mutating func take(_ account: AccountReference, _ index: Int) -> String? {
    guard let identity = account.identity else {
      return "the account was not read, so nothing says which entry it is"
    }
    // A value that stands in a group and belongs to no account is named as the group spells it.
    if identity.immutableID.isEmpty {
      let first = MemberText.bytes(identity.key.rawValue)
      strangers[index] = Value(
        values: layout.columns.indices.map { $0 == 0 ? first : nil }, isGone: true)
      return nil
    }
    if let position = positions[identity] {
      rows[position].indices.append(index)
      return nil
    }
    do throws(DNSyntaxError) {
      let name = try DistinguishedName(parsing: identity.key.rawValue)
      positions[identity] = rows.count
      rows.append(Row(name: name, immutableID: identity.immutableID, indices: [index]))
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The member value for each change, by its position; those without one are settled. `nil` if the
  /// connection was lost.
  mutating func resolve(
    _ batch: inout Batch, _ proofs: AccountProofs?, on connection: isolated LDAPConnection
  ) -> [Int: Value]? {
    var values = strangers
    let rows = unproven(&values, proofs)
    let attributes = [layout.immutableID] + layout.columns.compactMap(\.valueAttribute)
    let requests = rows.enumerated().map { position, row in
      LDAPRequest.search(
        LDAPSearch(
          base: row.name, scope: .base,
          attributes: position < Self.samples ? attributes + ["memberOf"] : attributes))
    }
    var records: [LDAPRecord?] = Array(repeating: nil, count: rows.count)
    let results = connection.perform(requests, window: 64) { records[$0] = LDAPRecord($1) }
    showsMemberOf = records.prefix(Self.samples).contains { !($0?["memberOf"].isEmpty ?? true) }
    guard connection.isOpen else { return nil }
    for (position, row) in rows.enumerated() {
      let resolved = resolve(row, records[position], results[position].result)
      for index in row.indices {
        switch resolved {
        case .success(let value): values[index] = value
        case .failure(let stop): batch.settle(index, stop.outcome)
        }
      }
    }
    return values
  }

  /// The accounts to look at one by one. Many are taken as a reading of all proved them a moment ago,
  /// except for a few, which show what the server is like.
  private func unproven(_ values: inout [Int: Value], _ proofs: AccountProofs?) -> [Row] {
    guard rows.count > Self.few, let proofs, proofs.isValid(at: .now) else { return rows }
    var rest: [Row] = []
    for (position, row) in rows.enumerated() {
      let identity = AccountIdentity(
        key: AccountKey(row.name.normalised), immutableID: row.immutableID)
      guard position >= Self.samples, let found = proofs.values(of: identity) else {
        rest.append(row)
        continue
      }
      for index in row.indices { values[index] = Value(values: found, isGone: false) }
    }
    return rest
  }

  /// So many are looked at one by one in any case.
  static let few = 500

  var count: Int { rows.count }

  /// How many accounts are looked at for what shows their groups.
  private static let samples = 16

  private struct Stop: Error {
    let outcome: Outcome
  }

  private func resolve(
    _ row: Row, _ record: LDAPRecord?, _ result: LDAPResult
  ) -> Result<Value, Stop> {
    guard result.isSuccess || result.code == .noSuchObject else {
      return .failure(Stop(outcome: result.outcome))
    }
    guard let record else { return gone(row) }
    guard record[layout.immutableID] == [row.immutableID] else {
      return .failure(
        Stop(
          outcome: .refused(
            reason: "the account's name was given to another entry: "
              + "\(layout.immutableID) is not what was read")))
    }
    var values: [[UInt8]?] = []
    for column in layout.columns {
      guard let attribute = column.valueAttribute else {
        values.append(Array(record.name.utf8))
        continue
      }
      guard let value = row.name.namingValue(of: attribute, among: record[attribute]) else {
        return .failure(
          Stop(outcome: .refused(reason: "the account has no \(attribute) to stand in a group")))
      }
      values.append(Array(value.utf8))
    }
    return .success(Value(values: values, isGone: false))
  }

  /// A value may outlive its account and is then still to be removed, if it can be told from the name.
  private func gone(_ row: Row) -> Result<Value, Stop> {
    let values = layout.columns.map { column in
      column.valueAttribute.map { row.name.leafValue(of: $0) } ?? row.name.description
    }
    guard values[0] != nil else {
      return .failure(
        Stop(outcome: .failed(.skipChange, reason: "the account is no longer there")))
    }
    return .success(Value(values: values.map { $0.map { Array($0.utf8) } }, isGone: true))
  }
}
