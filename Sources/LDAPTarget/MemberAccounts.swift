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
  /// By position of the change, of those that are nobody we know.
  private var strangers: [Int: Value] = [:]

  /// What stands in a group for an account.
  struct Value: Sendable {
    let text: String
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
      strangers[index] = Value(text: identity.key.rawValue, isGone: true)
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
  func resolve(
    _ batch: inout Batch, on connection: isolated LDAPConnection
  ) -> [Int: Value]? {
    var values = strangers
    let attributes = [layout.immutableID, layout.memberValueAttribute].compactMap(\.self)
    let requests = rows.map {
      LDAPRequest.search(LDAPSearch(base: $0.name, scope: .base, attributes: attributes))
    }
    var records: [LDAPRecord?] = Array(repeating: nil, count: rows.count)
    let results = connection.perform(requests, window: 64) { records[$0] = LDAPRecord($1) }
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
    guard let attribute = layout.memberValueAttribute else {
      return .success(Value(text: record.name, isGone: false))
    }
    guard let value = row.name.namingValue(of: attribute, among: record[attribute]) else {
      return .failure(
        Stop(outcome: .refused(reason: "the account has no \(attribute) to stand in a group")))
    }
    return .success(Value(text: value, isGone: false))
  }

  /// A value may outlive its account and is then still to be removed, if it can be told from the name.
  private func gone(_ row: Row) -> Result<Value, Stop> {
    let text =
      if let attribute = layout.memberValueAttribute {
        row.name.leafValue(of: attribute)
      } else {
        row.name.description
      }
    guard let text else {
      return .failure(
        Stop(outcome: .failed(.skipChange, reason: "the account is no longer there")))
    }
    return .success(Value(text: text, isGone: true))
  }
}
