import AccessModel
import LDAPClient

/// What is to be done in one group, and how far it has come.
///
/// It is read once, written in slices that each find the state the one before left, and in the end
/// shown to be what it was plus and minus what was asked.
struct GroupWork {
  struct Item {
    let index: Int
    let isAddition: Bool
    let groupID: String
    /// The row of the account in `values`.
    let account: Int
    var delivery = Delivery.none

    enum Delivery {
      case none
      /// A request with it left, and no answer came.
      case unanswered
      /// The server said that it is done; nobody has looked yet.
      case answered
      /// The server said that it is so already, against what was read.
      case claimed
    }
  }

  /// What is known of the group.
  struct State {
    var classes: [String]
    var version: GroupVersion?
    var immutableID: String?
    /// Its other attributes, where it may have to be deleted.
    var others: [String] = []
    /// Over all columns.
    var digest = MemberDigest()
    /// Members in the first column besides the placeholder.
    var members = 0
    var hasPlaceholder = false
    /// For each column, which items stand in it.
    var present: [Presence]
  }

  struct Expectation {
    var digest: MemberDigest
    /// Of the entry just after our last write, if the server told.
    var version: GroupVersion?
  }

  /// Where the group is now.
  private(set) var name: DistinguishedName
  let layout: Layout
  /// What stands in it while it has no other member.
  let placeholder: String?
  let placeholderKey: [UInt8]?
  var items: [Item] = []
  /// What is to stand or not to stand in the group.
  private(set) var values = MemberValues([], rows: 0)
  /// For each column, the items a value is about, and the number of the placeholder.
  private(set) var byNumber: [ItemsByNumber] = []
  private var placeholderNumber: Int?
  private var reading: State
  /// `nil` while it has to be read.
  var state: State?
  /// What it was when it was last read.
  var before: MemberDigest?
  /// What our writes since must have made of it; `nil` if there was none, or one without an answer.
  var expected: Expectation?
  var pace: WritePace
  /// Parts of a slice that was refused, to be tried one by one.
  var pieces: [[Int]] = []
  /// The items in the request that is on its way, as positions in `items`.
  var sending: [Int] = []
  var conflicts = 0
  /// Refusals of single values in a row.
  var refusals = 0
  var lostAnswers = 0
  /// Why the server takes no more changes of the group. Whether it made the last one is still to be read.
  var refusal: Outcome?
  /// The server said so, whatever its schema shows.
  var needsMember = false
  /// Whether the request on its way brings the placeholder in (1) or takes it out (-1).
  var placeholderMove = 0
  /// The group was not found under its name, and is to be looked for by its immutable id.
  private(set) var mustSeek = false
  private var wasSought = false
  /// It was deleted, because its last member went.
  var wasDeleted = false
  /// The version that a write was made to depend on and did not find.
  var missedVersion: GroupVersion?
  /// Why nothing more may be written to this directory.
  private(set) var alarm: String?

  init(name: DistinguishedName, layout: Layout) {
    self.name = name
    self.layout = layout
    placeholder = layout.placeholder(of: name)
    placeholderKey = layout.placeholderKey(of: name)
    reading = State(classes: [], present: [])
    pace = WritePace()
  }

  mutating func add(_ item: Item) { items.append(item) }

  mutating func resolve(_ values: MemberValues, _ batch: inout Batch) {
    self.values = values
    placeholderNumber = placeholderKey.flatMap { values.number(of: $0, in: 0) }
    byNumber = layout.columns.map { _ in ItemsByNumber(items: items.count) }
    for (position, item) in items.enumerated() {
      if let failure = values.failure(of: item.account) {
        batch.settle(item.index, failure)
      } else if item.isAddition, values.isGone(item.account) {
        batch.settle(
          item.index, .failed(.skipChange, reason: "the account is no longer there"))
      } else {
        for column in layout.columns.indices {
          guard let number = values.number(of: item.account, in: column) else { continue }
          byNumber[column].insert(position, number)
        }
      }
    }
  }

  func openItems(_ batch: Batch) -> [Int] {
    items.indices.filter { batch.isOpen(items[$0].index) }
  }

  func hasOpenItems(_ batch: Batch) -> Bool { items.contains { batch.isOpen($0.index) } }

  func hasUnsentItems(_ batch: Batch) -> Bool { items.indices.contains { isUnsent($0, batch) } }

  func isUnsent(_ position: Int, _ batch: Batch) -> Bool {
    let item = items[position]
    return (item.delivery == .none || item.delivery == .unanswered) && batch.isOpen(item.index)
  }

  func forEachItem(about number: Int, in column: Int, _ body: (Int) -> Void) {
    byNumber[column].forEach(number, body)
  }

  /// Settles what has not been done; what the server said it did is still to be looked at.
  func settleUnsent(_ outcome: Outcome, _ batch: inout Batch) {
    for position in items.indices where isUnsent(position, batch) {
      batch.settle(items[position].index, outcome)
    }
  }

  /// Nothing more is sent. What may have been done is still to be read.
  mutating func stop(_ outcome: Outcome, _ batch: inout Batch) {
    if state == nil { refusal = outcome } else { settleUnsent(outcome, &batch) }
  }

  /// Nothing more can be learnt: what left is unknown, the rest was not done.
  func giveUp(_ outcome: Outcome, _ batch: inout Batch) {
    for position in openItems(batch) {
      batch.settle(
        items[position].index,
        items[position].delivery == .none
          ? outcome : .unknown(reason: outcome.detail ?? "it was not read back"))
    }
  }

  func giveUp(_ error: LDAPError, _ batch: inout Batch) {
    giveUp(.failed(error.code.disposition, reason: "\(error)"), &batch)
  }

  /// Whether the item is as it was asked for, in every column it is about.
  func isSo(_ position: Int, in state: State) -> Bool {
    let item = items[position]
    return layout.columns.indices.allSatisfy { column in
      values.number(of: item.account, in: column) == nil
        || state.present[column].contains(position) == item.isAddition
    }
  }
}

// Reading.
extension GroupWork {
  mutating func beginReading() {
    reading = State(classes: [], present: layout.columns.map { _ in Presence(items: items.count) })
  }

  mutating func readMembers(_ column: Int, _ found: LDAPEntry.Values) {
    // Moved out, so that it grows where it is.
    var reading = State(classes: [], present: [])
    swap(&reading, &self.reading)
    defer { swap(&reading, &self.reading) }
    let (form, items, values) = (layout.columns[column], items, values)
    let byNumber = byNumber[column]
    var key: [UInt8] = []
    values.withKeys(in: column) { keys in
      for value in found {
        key.removeAll(keepingCapacity: true)
        form.appendKey(value, to: &key)
        let number = key.withUnsafeBytes { bytes in
          reading.digest.add(bytes, column: column)
          return keys.number(of: bytes)
        }
        if column == 0 {
          if key == placeholderKey {
            reading.hasPlaceholder = true
          } else {
            reading.members += 1
          }
        }
        guard let number else { continue }
        byNumber.forEach(number) { position in
          let isOurs = values.isSpelled(items[position].account, as: value, in: column)
          reading.present[column].insert(position, spelling: isOurs ? nil : Array(value))
        }
      }
    }
  }

  /// Takes up what was read, and settles what is so already or has been shown to be done.
  mutating func endReading(_ head: GroupHead, _ batch: inout Batch) {
    let isAbsent = head.result.result.code == .noSuchObject
    if isAbsent, wasDeleted { return settleDeleted(&batch) }
    if isAbsent, !wasSought { return mustSeek = true }
    guard head.isWhole else { return giveUp(unreadable(head), &batch) }
    reading.others = head.others
    reading.classes = head.classes
    reading.version = head.version
    reading.immutableID = head.immutableID
    for position in openItems(batch) where items[position].groupID != head.immutableID {
      batch.settle(
        items[position].index,
        items[position].delivery == .none
          ? .refused(
            reason: "the group was made anew: its \(layout.immutableID) is not what was read")
          : .unknown(reason: "the group was made anew while it was written"))
    }
    let isForeign = expected?.version.map { $0 != reading.version } ?? false
    if let expected, expected.digest != reading.digest, !isForeign {
      return raiseAlarm(expected.digest, &batch)
    }
    // Asked for in vain: what the guard missed is still there, so it cannot be seen by the guard.
    if let missedVersion, missedVersion == reading.version { pace.mayAssert = false }
    let isOurs = expected != nil && !isForeign
    for position in openItems(batch) {
      let item = items[position]
      if let placeholderNumber, values.number(of: item.account, in: 0) == placeholderNumber {
        batch.settle(item.index, .refused(reason: "the placeholder is nobody's membership"))
      } else if isSo(position, in: reading) {
        let changedAt = reading.version?.changedAt
        batch.settle(
          item.index,
          item.delivery == .none
            ? .alreadyInState(changedAt: changedAt) : .applied(changedAt: changedAt))
      } else if item.delivery == .answered || item.delivery == .claimed {
        if isOurs {
          batch.settle(
            item.index,
            .unknown(reason: "the server said that it is done, and does not show it so"))
        } else {
          // Undone by someone else meanwhile.
          items[position].delivery = .none
          conflicts += 1
        }
      }
    }
    if let refusal {
      settleUnsent(refusal, &batch)
      self.refusal = nil
    }
    if conflicts > Self.mostConflicts {
      giveUp(.failed(.retryLater, reason: "somebody else keeps changing the group"), &batch)
    }
    before = reading.digest
    expected = nil
    state = reading
  }

  /// Its last members went with it. Whatever brings the group back shows it no newer than it was read.
  private func settleDeleted(_ batch: inout Batch) {
    for position in openItems(batch) {
      batch.settle(
        items[position].index,
        items[position].isAddition
          ? .failed(.retryLater, reason: "its group was deleted when it became empty")
          : .applied(changedAt: reading.version?.changedAt?.adding(.seconds(1))))
    }
  }

  /// Where a group that has another name now is to be looked for; `nil` unless it is to be.
  func search(_ batch: Batch) -> LDAPSearch? {
    guard mustSeek, let base = layout.groupsBase, let first = openItems(batch).first else {
      return nil
    }
    return LDAPSearch(
      base: base, scope: .subtree, filter: .equals(layout.immutableID, items[first].groupID),
      attributes: [])
  }

  /// Goes on with the group where it was found, or without it.
  mutating func sought(_ found: String?) {
    (mustSeek, wasSought) = (false, true)
    guard let found else { return }
    do throws(TargetError) {
      name = try layout.groupName(found)
    } catch {
      // Outside the base it is not ours to follow: its old name is missing, and is told so.
    }
  }

  static let mostConflicts = 3

  private mutating func raiseAlarm(_ expected: MemberDigest, _ batch: inout Batch) {
    let reason =
      "'\(name)': more was changed than was asked for: \(layout.memberAttribute) had "
      + "\(before.map(\.description) ?? "?"), should now have \(expected), and has "
      + "\(reading.digest); nothing more is written to this target; compare the group with a backup"
    alarm = reason
    giveUp(.failed(.stopTarget, reason: reason), &batch)
  }

  private func unreadable(_ head: GroupHead) -> Outcome {
    if head.result.result.code == .noSuchObject {
      return .failed(.skipChange, reason: "there is no such group, or none that we may see")
    }
    if !head.result.result.isSuccess { return head.result.result.outcome }
    return .failed(
      .skipChange, reason: head.fault ?? "the group cannot be read to its end")
  }
}
