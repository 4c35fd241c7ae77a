import AccessModel
import LDAPClient

/// The accounts of a batch of memberships: still the same entries, and what of them stands in groups.
struct MemberAccounts {
  private let layout: Layout
  /// By row; no immutable id for a value that belongs to no account, named as the group spells it.
  private var identities: [AccountIdentity] = []
  /// Row by key, and the rows of those whose key another has, with another immutable id.
  private var keys = KeyTable()
  private var rows: ContiguousArray<Int32> = []
  /// Number in `keys` by row.
  private var numbers: ContiguousArray<Int32> = []
  private var others: [AccountIdentity: Int] = [:]
  /// Whether an account shows that the server writes each account's groups into it, which makes every
  /// member dear.
  private(set) var showsMemberOf = false

  init(layout: Layout) { self.layout = layout }

  /// The row of the account; `nil` if the reference names none.
  mutating func take(_ account: AccountReference) -> Int? {
    guard let identity = account.identity else { return nil }
    let (number, isNew) = keys.insert(identity.key.rawValue.utf8)
    if isNew {
      rows.append(Int32(identities.count))
    } else if identities[Int(rows[number])].immutableID.utf8.elementsEqual(
      identity.immutableID.utf8)
    {
      return Int(rows[number])
    } else if let row = others[identity] {
      return row
    } else {
      others[identity] = identities.count
    }
    identities.append(identity)
    numbers.append(Int32(number))
    return identities.count - 1
  }

  /// What stands in groups for each row. `nil` if the connection was lost.
  mutating func resolve(
    _ proofs: AccountProofs?, on connection: isolated LDAPConnection
  ) -> MemberValues? {
    var values = MemberValues(layout.columns, rows: identities.count, names: keys)
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
      resolve(row.row, row.name, records[position], results[position].result, &values)
    }
    return values
  }

  /// The accounts to look at one by one. Many are taken as a reading of all proved them a moment ago,
  /// except for a few, which show what the server is like.
  private func unproven(
    _ values: inout MemberValues, _ proofs: AccountProofs?
  ) -> [(row: Int, name: DistinguishedName)] {
    let valid = identities.count > Self.few && proofs?.isValid(at: .now) == true ? proofs : nil
    var rest: [(row: Int, name: DistinguishedName)] = []
    // By position: a copy of each would cost more than noting it.
    for row in identities.indices {
      if identities[row].immutableID.isEmpty {
        values.set(MemberText.bytes(identities[row].key.rawValue), of: row, in: 0)
        values.setGone(row)
      } else if rest.count < Self.samples || !isProven(row, valid, &values) {
        do throws(DNSyntaxError) {
          rest.append((row, try DistinguishedName(parsing: identities[row].key.rawValue)))
        } catch {
          values.fail(row, .refused(reason: "\(error)"))
        }
      }
    }
    return rest
  }

  private func isProven(
    _ row: Int, _ proofs: borrowing AccountProofs?, _ values: inout MemberValues
  ) -> Bool {
    proofs?.note(identities[row], Int(numbers[row]), as: row, in: &values) ?? false
  }

  /// So many are looked at one by one in any case.
  static let few = 500

  var count: Int { identities.count }

  /// How many accounts are looked at for what shows their groups.
  private static let samples = 16

  private func resolve(
    _ row: Int, _ name: DistinguishedName, _ record: LDAPRecord?, _ result: LDAPResult,
    _ values: inout MemberValues
  ) {
    guard result.isSuccess || result.code == .noSuchObject else {
      return values.fail(row, result.outcome)
    }
    guard let record else { return resolveGone(row, name, &values) }
    guard record[layout.immutableID] == [identities[row].immutableID] else {
      return values.fail(
        row,
        .refused(
          reason: "the account's name was given to another entry: "
            + "\(layout.immutableID) is not what was read"))
    }
    for (number, column) in layout.columns.enumerated() {
      guard let attribute = column.valueAttribute else {
        values.set(Array(record.name.utf8), of: row, in: number)
        continue
      }
      guard let value = name.namingValue(of: attribute, among: record[attribute]) else {
        return values.fail(
          row, .refused(reason: "the account has no \(attribute) to stand in a group"))
      }
      values.set(Array(value.utf8), of: row, in: number)
    }
  }

  /// A value may outlive its account and is then still to be removed, if it can be told from the name.
  private func resolveGone(_ row: Int, _ name: DistinguishedName, _ values: inout MemberValues) {
    let texts = layout.columns.map { column in
      column.valueAttribute.map { name.leafValue(of: $0) } ?? name.description
    }
    guard texts[0] != nil else {
      return values.fail(row, .failed(.skipChange, reason: "the account is no longer there"))
    }
    for (column, text) in texts.enumerated() {
      if let text { values.set(Array(text.utf8), of: row, in: column) }
    }
    values.setGone(row)
  }
}
