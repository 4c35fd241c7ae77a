import AccessModel
import LDAPClient

extension GroupWork {
  /// After so many refusals in a row it is the group that is refused, not the values.
  private static let patience = 8

  /// The next write: the difference that is left, or as much of it as fits one request; `nil` if
  /// there is none. `schema` says which classes demand a member.
  mutating func nextWrite(
    _ traits: DirectoryTraits, _ schema: Schema?, _ batch: inout Batch
  ) -> LDAPRequest? {
    guard let state else { return nil }
    let slice = nextSlice(&batch)
    var controls: [RequestControl] = []
    if traits.canAssert, pace.mayAssert, let id = state.immutableID,
      let guardian = state.version?.guardian(of: id, layout.immutableID)
    {
      controls.append(guardian)
    }
    let mayDelete = layout.recreatesGroups && !controls.isEmpty && isOursAlone(state)
    guard
      let modifications = modifications(
        for: slice, state, schema, mayDelete: mayDelete, &batch)
    else { return nil }
    if wasDeleted { return .delete(name).with(controls) }
    if traits.canPostRead { controls.append(.postRead(GroupVersion.attributes)) }
    return .modify(name, modifications).with(controls)
  }

  private mutating func nextSlice(_ batch: inout Batch) -> [Int] {
    guard let state else { return [] }
    var candidates: [Int] = []
    while candidates.isEmpty, let piece = pieces.popLast() {
      candidates = piece.filter { batch.isOpen(items[$0].index) && !isSo($0, in: state) }
    }
    guard !candidates.isEmpty else {
      return slice(of: items.indices, unsentIn: batch, state)
    }
    let slice = slice(of: candidates, unsentIn: nil, state)
    if slice.count < candidates.count {
      let taken = Set(slice)
      pieces.append(candidates.filter { !taken.contains($0) })
    }
    return slice
  }

  /// The first of the candidates that fit one request, no two with one value; with a batch, of those
  /// that are unsent in it.
  private mutating func slice(
    of candidates: some Sequence<Int>, unsentIn batch: Batch?, _ state: State
  ) -> [Int] {
    var slice: [Int] = []
    var numbers: Set<Int> = []
    var bytes = 0
    for position in candidates {
      guard slice.count < pace.values, bytes < WritePace.mostBytes else { break }
      if let batch, !isUnsent(position, batch) { continue }
      let account = items[position].account
      if isSo(position, in: state) {
        // Another change of this batch has just done it.
        items[position].delivery = .answered
      } else if let number = values.number(of: account, in: 0),
        byNumber[0].isAlone(position, number) || numbers.insert(number).inserted
      {
        slice.append(position)
        bytes += layout.columns.indices.reduce(0) { $0 + values.byteCount(of: account, in: $1) }
      }
    }
    return slice
  }

  private mutating func modifications(
    for slice: [Int], _ state: State, _ schema: Schema?, mayDelete: Bool, _ batch: inout Batch
  ) -> [LDAPModification]? {
    sending = slice
    let added = slice.count { items[$0].isAddition && !state.present[0].contains($0) }
    let removed = slice.count { !items[$0].isAddition && state.present[0].contains($0) }
    let left = state.members + added - removed
    var stand: (add: [UInt8]?, remove: [UInt8]?)
    if left == 0, removed > 0, layout.recreatesGroups, mayNotBeEmpty(state, schema) {
      wasDeleted = mayDelete
      if !mayDelete, !state.hasPlaceholder { refuseLastMember(state, &batch) }
    } else if left == 0, removed > 0, !state.hasPlaceholder, mayNotBeEmpty(state, schema) {
      if let value = placeholder {
        stand.add = Array(value.utf8)
      } else {
        refuseLastMember(state, &batch)
      }
    } else if left > 0, added > 0, state.hasPlaceholder, let value = placeholder {
      stand.remove = Array(value.utf8)
    }
    placeholderMove = stand.add != nil ? 1 : stand.remove != nil ? -1 : 0
    var result: [LDAPModification] = []
    for (number, column) in layout.columns.enumerated() {
      var additions: [[UInt8]] = []
      var removals: [[UInt8]] = []
      for position in sending {
        let item = items[position]
        let isThere = state.present[number].contains(position)
        guard isThere != item.isAddition,
          let value = state.present[number].spelling(of: position)
            ?? values.value(of: item.account, in: number)
        else { continue }
        if item.isAddition { additions.append(value) } else { removals.append(value) }
      }
      if number == 0 {
        additions += [stand.add].compactMap(\.self)
        removals += [stand.remove].compactMap(\.self)
      }
      if !removals.isEmpty {
        result.append(.delete(LDAPAttribute(column.attribute, bytes: removals)))
      }
      if !additions.isEmpty {
        result.append(.add(LDAPAttribute(column.attribute, bytes: additions)))
      }
    }
    return result.isEmpty ? nil : result
  }

  /// Whether a removal of this group may leave it without a member.
  func mayBecomeEmpty(_ batch: Batch) -> Bool {
    guard let state, !state.hasPlaceholder, !needsMember else { return false }
    return openItems(batch).count { !items[$0].isAddition } >= state.members
  }

  /// Whether the group has nothing that would be lost if it were deleted and created again.
  private func isOursAlone(_ state: State) -> Bool {
    guard let template = layout.template else { return false }
    return state.others.allSatisfy { template.covers($0, of: name, layout.columns) }
  }

  private func mayNotBeEmpty(_ state: State, _ schema: Schema?) -> Bool {
    needsMember || GroupClass.needsMember(layout.memberAttribute, state.classes, schema)
  }

  private mutating func refuseLastMember(_ state: State, _ batch: inout Batch) {
    guard
      let last = sending.lastIndex(where: {
        !items[$0].isAddition && state.present[0].contains($0)
      })
    else { return }
    batch.settle(
      items[sending.remove(at: last)].index,
      .refused(
        reason: layout.recreatesGroups
          ? "it is the last member, and the group has more than could be created again, or the "
            + "server cannot guard its deletion (RFC 4528); name an entry to stand in with "
            + "groups.emptyGroup.placeholder"
          : "it is the last member, and a group of this class must have one; set groups.emptyGroup "
            + "to {placeholder: DN} or {recreate: true}"))
  }

  /// Notes what became of the request.
  mutating func sent(
    _ answer: LDAPSearchResult, _ traits: DirectoryTraits, bound: Duration, _ batch: inout Batch
  ) {
    let result = answer.result
    if wasDeleted { return sentDeletion(result, traits, &batch) }
    guard result.delivery == .answered else { return lost(result, &batch) }
    switch traits.meaning(result.code) {
    case .done:
      pace.note(sending.count, took: answer.took, bound: bound)
      refusals = 0
      succeed(result)
    case .guarded:
      missedVersion = state?.version
      readAgain(&batch)
    case .conflict:
      // Somebody was faster, or the server takes two spellings for one that we take for two.
      if pieces.isEmpty, conflicts == 0 { return readAgain(&batch) }
      split { work, position in work.items[position].delivery = .claimed }
    case .needsMember where !needsMember:
      needsMember = true
    case .gone:
      giveUp(.failed(.skipChange, reason: "there is no such group any more"), &batch)
    case .needsMember, .refused:
      split { work, position in
        batch.settle(work.items[position].index, result.outcome)
        work.refusals += 1
      }
      if refusals > Self.patience { settleUnsent(result.outcome, &batch) }
    case .closed: doubt(result.outcome)
    }
  }

  /// It may have been done all the same: what is read next is believed.
  private mutating func doubt(_ refusal: Outcome) {
    for position in sending { items[position].delivery = .unanswered }
    self.refusal = refusal
    (state, expected) = (nil, nil)
  }

  /// A deletion is looked for like any other write: what is read then decides.
  private mutating func sentDeletion(
    _ result: LDAPResult, _ traits: DirectoryTraits, _ batch: inout Batch
  ) {
    guard result.delivery == .answered else { return lost(result, &batch) }
    if result.isSuccess || result.code == .noSuchObject {
      state = nil
      return
    }
    guard result.code.isAboutTheRequest else { return doubt(result.outcome) }
    wasDeleted = false
    if traits.meaning(result.code) == .guarded { return readAgain(&batch) }
    settleUnsent(result.outcome, &batch)
  }

  private mutating func succeed(_ result: LDAPResult) {
    guard var state else { return }
    for position in sending {
      let item = items[position]
      for column in layout.columns.indices {
        guard let number = values.number(of: item.account, in: column),
          state.present[column].contains(position) != item.isAddition
        else { continue }
        values.withKeys(in: column) {
          state.note($0.key(number), in: column, isAdded: item.isAddition)
        }
        forEachItem(about: number, in: column) { same in
          if !item.isAddition {
            state.present[column].remove(same)
          } else {
            state.present[column].insert(same, spelling: spelling(of: same, as: item, in: column))
          }
        }
      }
      items[position].delivery = .answered
    }
    if placeholderMove != 0, let key = placeholderKey {
      key.withUnsafeBytes { state.note($0, in: 0, isAdded: placeholderMove > 0) }
      state.members -= placeholderMove
      state.hasPlaceholder = placeholderMove > 0
    }
    state.version = result.entryAfter.flatMap { entry in GroupVersion { entry[$0] } }
    expected = Expectation(digest: state.digest, version: state.version)
    self.state = state
  }

  /// How the group spells an item's value after another item's was added; `nil` for its own spelling.
  private func spelling(of position: Int, as added: Item, in column: Int) -> [UInt8]? {
    guard items[position].account != added.account else { return nil }
    return values.value(of: added.account, in: column)
  }

  private mutating func readAgain(_ batch: inout Batch) {
    conflicts += 1
    state = nil
    if conflicts > Self.mostConflicts {
      giveUp(.failed(.retryLater, reason: "somebody else keeps changing the group"), &batch)
    }
  }

  private mutating func lost(_ result: LDAPResult, _ batch: inout Batch) {
    lostAnswers += 1
    if result.delivery == .unanswered {
      for position in sending { items[position].delivery = .unanswered }
      pace.backOff(from: sending.count)
    }
    expected = nil
    state = nil
    if lostAnswers > 2 { giveUp(LDAPError(result), &batch) }
  }

  /// One bad value spoils a request: its halves are tried one by one, and alone it gets its outcome.
  private mutating func split(alone: (inout Self, Int) -> Void) {
    guard sending.count > 1 else {
      if let position = sending.first { alone(&self, position) }
      return
    }
    let half = sending.count / 2
    pieces += [Array(sending[half...]), Array(sending[..<half])]
  }
}

extension GroupWork.State {
  fileprivate mutating func note(
    _ key: UnsafeRawBufferPointer, in column: Int, isAdded: Bool
  ) {
    if isAdded { digest.add(key, column: column) } else { digest.remove(key, column: column) }
    if column == 0 { members += isAdded ? 1 : -1 }
  }
}
