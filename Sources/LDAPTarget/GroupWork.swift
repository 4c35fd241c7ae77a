import AccessModel
import LDAPClient

/// What is to be done in one group, and how far it has come.
struct GroupWork {
  struct Item {
    let index: Int
    let isAddition: Bool
    let groupID: String
    var value = ""
    /// The value in the form it is compared in.
    var key: [UInt8] = []
    /// A request with it left, and no answer came.
    var wasSent = false
    var conflicts = 0
  }

  /// What the group was found to be just now.
  private struct Reading {
    var immutableID: String?
    var classes: [String] = []
    var members = 0
    var hasPlaceholder = false
    var isPartial = false
    /// Values of items that stand in it, as the server spells them, by position in `items`.
    var present: [Int: [UInt8]] = [:]
  }

  /// Half of what a server takes in one request by default (4 MiB), and as many values as are still
  /// answered within seconds.
  private static let (mostValues, mostBytes) = (10_000, 2 << 20)
  /// After so many refusals in a row it is the group that is refused, not the values.
  private static let patience = 8

  let name: DistinguishedName
  private let layout: Layout
  private let placeholder: [UInt8]?
  private var items: [Item] = []
  private var byKey: [[UInt8]: [Int]] = [:]
  private var found = Reading()
  /// The items in the request that is on its way, as positions in `items`.
  private var sending: [Int] = []
  private var most = mostValues
  private var refusals = 0
  private var lostAnswers = 0
  /// The server said so, whatever its schema shows.
  private var needsMember = false

  init(name: DistinguishedName, layout: Layout) {
    self.name = name
    self.layout = layout
    placeholder = layout.placeholder.map(layout.memberKey)
  }

  mutating func add(_ item: Item) { items.append(item) }

  mutating func resolve(_ values: [Int: MemberAccounts.Value], _ batch: inout Batch) {
    for position in items.indices {
      guard let value = values[items[position].index] else { continue }
      if value.isGone, items[position].isAddition {
        batch.settle(
          items[position].index, .failed(.skipChange, reason: "the account is no longer there"))
        continue
      }
      items[position].value = value.text
      items[position].key = layout.memberKey(value.text)
      byKey[items[position].key, default: []].append(position)
    }
  }

  func hasOpenItems(_ batch: Batch) -> Bool { items.contains { batch.isOpen($0.index) } }

  func settleOpen(_ outcome: Outcome, _ batch: inout Batch) {
    for item in items { batch.settle(item.index, outcome) }
  }

  /// No connection is to be had any more.
  func giveUp(_ error: LDAPError, _ batch: inout Batch) {
    for item in items {
      batch.settle(
        item.index,
        item.wasSent
          ? .unknown(reason: "\(error)") : .failed(error.code.disposition, reason: "\(error)"))
    }
  }

  var request: LDAPRequest {
    .search(
      LDAPSearch(
        base: name, scope: .base,
        attributes: [layout.memberAttribute, layout.immutableID, "objectClass"]))
  }

  mutating func beginReading() { found = Reading() }

  mutating func read(_ entry: borrowing LDAPEntry) {
    var reading = Reading()
    var key: [UInt8] = []
    let member = layout.memberAttribute.lowercased()
    let isWhole = entry.read(
      name: { _ in },
      attribute: { type, values in
        let type = String(decoding: type, as: UTF8.self).lowercased()
        if type == member {
          for value in values {
            key.removeAll(keepingCapacity: true)
            layout.appendMemberKey(value, to: &key)
            reading.members += 1
            if key == placeholder { reading.hasPlaceholder = true }
            for position in byKey[key, default: []] { reading.present[position] = Array(value) }
          }
        } else if type == layout.immutableID.lowercased() {
          reading.immutableID = values.first { _ in true }
            .map { String(decoding: $0, as: UTF8.self) }
        } else if type == "objectclass" {
          reading.classes = values.map { String(decoding: $0, as: UTF8.self) }
        } else if type.hasPrefix("\(member);range=") {
          reading.isPartial = true
        }
      })
    if !isWhole { reading.isPartial = true }
    found = reading
  }

  /// The difference that is left, or as much of it as fits one request; `nil` if there is none.
  mutating func decide(
    _ result: LDAPSearchResult, _ schema: Schema?, _ batch: inout Batch
  ) -> [LDAPModification]? {
    guard result.isComplete, result.entries == 1, !found.isPartial else {
      settleOpen(unreadable(result), &batch)
      return nil
    }
    var slice: [Int] = []
    var keys: Set<[UInt8]> = []
    var bytes = 0
    for (position, item) in items.enumerated() where batch.isOpen(item.index) {
      if item.groupID != found.immutableID {
        batch.settle(
          item.index,
          .refused(
            reason: "the group was made anew: its \(layout.immutableID) is not what was read"))
      } else if item.key == placeholder {
        batch.settle(item.index, .refused(reason: "the placeholder is nobody's membership"))
      } else if (found.present[position] != nil) == item.isAddition {
        batch.settle(item.index, item.wasSent ? .applied() : .alreadyInState())
      } else if slice.count < most, bytes < Self.mostBytes, keys.insert(item.key).inserted {
        slice.append(position)
        bytes += item.key.count
      }
    }
    return modifications(for: slice, schema, &batch)
  }

  private mutating func modifications(
    for slice: [Int], _ schema: Schema?, _ batch: inout Batch
  ) -> [LDAPModification]? {
    sending = slice
    var additions = slice.filter { items[$0].isAddition }.map { Array(items[$0].value.utf8) }
    var removals = slice.compactMap { found.present[$0] }
    let left =
      found.members - (found.hasPlaceholder ? 1 : 0) + additions.count - removals.count
    if left == 0, !removals.isEmpty, !found.hasPlaceholder, mayNotBeEmpty(schema) {
      if let placeholder = layout.placeholder {
        additions.append(Array(placeholder.utf8))
      } else {
        removals.removeLast()
        refuseLastMember(&batch)
      }
    } else if left > 0, !additions.isEmpty, found.hasPlaceholder,
      let placeholder = layout.placeholder
    {
      removals.append(Array(placeholder.utf8))
    }
    var modifications: [LDAPModification] = []
    if !removals.isEmpty {
      modifications.append(.delete(LDAPAttribute(layout.memberAttribute, bytes: removals)))
    }
    if !additions.isEmpty {
      modifications.append(.add(LDAPAttribute(layout.memberAttribute, bytes: additions)))
    }
    return modifications.isEmpty ? nil : modifications
  }

  private func mayNotBeEmpty(_ schema: Schema?) -> Bool {
    needsMember || GroupClass.needsMember(layout.memberAttribute, found.classes, schema)
  }

  private mutating func refuseLastMember(_ batch: inout Batch) {
    guard let last = sending.lastIndex(where: { found.present[$0] != nil }) else { return }
    batch.settle(
      items[sending.remove(at: last)].index,
      .refused(
        reason: "it is the last member, and a group of this class must have one; name an entry to "
          + "stand in with groups.emptyGroup.placeholder"))
  }

  /// Notes what became of the request.
  mutating func sent(_ result: LDAPResult, _ batch: inout Batch) {
    guard result.delivery == .answered else {
      lostAnswers += 1
      if result.delivery == .unanswered {
        for position in sending { items[position].wasSent = true }
      }
      if lostAnswers > 2 { giveUp(LDAPError(result), &batch) }
      return
    }
    switch result.code {
    case .success:
      for position in sending { batch.settle(items[position].index, .applied()) }
      most = min(most * 2, Self.mostValues)
      refusals = 0
    case .attributeOrValueExists, .noSuchAttribute, .entryAlreadyExists:
      // Somebody was faster, or the server takes two spellings for one that we take for two.
      narrow { items, position in
        items[position].conflicts += 1
        return items[position].conflicts > 1 ? .alreadyInState() : nil
      } settle: {
        batch.settle($0, $1)
      }
    case .objectClassViolation where !needsMember:
      needsMember = true
    case .noSuchObject:
      settleOpen(.failed(.skipChange, reason: "there is no such group any more"), &batch)
    default:
      guard result.code.disposition == .skipChange else {
        return settleOpen(result.outcome, &batch)
      }
      narrow { _, _ in
        result.outcome
      } settle: {
        batch.settle($0, $1)
      }
      if refusals > Self.patience { settleOpen(result.outcome, &batch) }
    }
  }

  /// One bad value spoils a request: the next one is half as big, and alone it gets its outcome.
  private mutating func narrow(
    _ outcome: (inout [Item], Int) -> Outcome?, settle: (Int, Outcome) -> Void
  ) {
    guard sending.count == 1 else {
      most = max(1, sending.count / 2)
      return
    }
    guard let outcome = outcome(&items, sending[0]) else { return }
    settle(items[sending[0]].index, outcome)
    refusals += 1
  }

  private func unreadable(_ result: LDAPSearchResult) -> Outcome {
    if result.result.code == .noSuchObject {
      return .failed(.skipChange, reason: "there is no such group, or none that we may see")
    }
    if !result.result.isSuccess { return result.result.outcome }
    return .failed(.skipChange, reason: "the group cannot be read to its end")
  }
}
