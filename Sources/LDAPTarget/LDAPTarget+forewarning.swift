package import AccessModel
import LDAPClient

extension LDAPTarget: ForewarningTarget {
  /// So many groups and accounts are tried: rights are given by branches and not by entries.
  private static let most = 200

  /// Tries a write that cannot succeed (`WriteTrial`) in every group that is to be changed, and of the
  /// attributes that are to be changed in accounts.
  package func obstacles(to changes: [Change]) async -> [String] {
    let trials = trials(of: changes)
    guard !trials.isEmpty else { return [] }
    let connection: LDAPConnection
    do throws(TargetError) { connection = try await connect() } catch { return [] }
    let obstacles = await obstacles(trials, on: connection)
    await connection.close()
    return obstacles
  }

  private struct Trial: Hashable {
    let name: DistinguishedName
    let attribute: String
  }

  private func trials(of changes: [Change]) -> [Trial] {
    var groups: [Trial] = []
    var accounts: [Trial] = []
    var seen: Set<Trial> = []
    for change in changes {
      switch change {
      case .addMember(let membership, _), .removeMember(let membership, _):
        guard groups.count < Self.most, membership.groupID != nil else { continue }
        let trial: Trial
        do throws(TargetError) {
          trial = Trial(
            name: try layout.groupName(membership.group.rawValue),
            attribute: layout.memberAttribute)
        } catch {
          continue
        }
        if seen.insert(trial).inserted { groups.append(trial) }
      case .updateAccount(let account, let attributes, _):
        accounts += self.trials(of: account, attributes.map(\.name), accounts.count, &seen)
      case .disableAccount(let account, .set(let values), _):
        accounts += self.trials(of: account, values.keys.sorted(), accounts.count, &seen)
      case .createAccount, .enableAccount, .disableAccount, .deleteAccount, .createGroup: continue
      }
    }
    return groups + accounts
  }

  private func trials(
    of account: AccountReference, _ attributes: [String], _ count: Int, _ seen: inout Set<Trial>
  ) -> [Trial] {
    guard count < Self.most, let key = account.identity?.key.rawValue else { return [] }
    do throws(DNSyntaxError) {
      let name = try DistinguishedName(parsing: key)
      return attributes.map { Trial(name: name, attribute: $0) }.filter { seen.insert($0).inserted }
    } catch {
      return []
    }
  }

  private func obstacles(_ trials: [Trial], on connection: isolated LDAPConnection) -> [String] {
    let member = layout.columns[0].valueAttribute == nil ? "cn=bellhop-trial" : "bellhop-trial"
    let results = connection.perform(
      trials.map { trial in
        WriteTrial.request(
          trial.attribute, trial.attribute == layout.memberAttribute ? member : "bellhop-trial",
          in: trial.name)
      })
    // One line for each attribute and answer, with the first entry that gave it.
    var order: [String] = []
    var found:
      [String: (first: DistinguishedName, error: LDAPError, attribute: String, count: Int)] = [:]
    for (trial, result) in zip(trials, results) {
      guard Self.isRefusal(result.result.code) else { continue }
      let key = "\(trial.attribute) \(result.result.code.rawValue)"
      if found[key] == nil { order.append(key) }
      found[
        key, default: (trial.name, LDAPError(result.result), trial.attribute, 0)
      ].count += 1
    }
    return order.compactMap { found[$0] }.map { obstacle in
      let more = obstacle.count > 1 ? " and \(obstacle.count - 1) more" : ""
      let who = bindName.map { "'\($0)'" } ?? "the bind identity"
      let wayOut =
        obstacle.error.code == .insufficientAccessRights
        ? "let \(who) write it" : "name a server that takes writes in 'url'"
      return "\(obstacle.attribute) of '\(obstacle.first)'\(more) cannot be written: "
        + "\(obstacle.error); \(wayOut)"
    }
  }

  /// Whether a right or the server stands in the way, and not something of the entry.
  private static func isRefusal(_ code: LDAPResultCode) -> Bool {
    [.insufficientAccessRights, .referral].contains(code)
  }

  /// Whom the server takes us for; `nil` where it decides that.
  var bindName: String? {
    guard case .simple(let name, _) = connection.bind else { return nil }
    return name.description
  }
}
