import AccessModel
import LDAPClient

/// Creates mapped groups that are missing, each once.
struct GroupCreator {
  private let layout: Layout
  private var works: [Work] = []

  private struct Work {
    let index: Int
    let name: DistinguishedName
    /// It was sent, and no answer came.
    var isDoubtful = false
    var number: Int?
    var attempts = 0
  }

  init(layout: Layout) { self.layout = layout }

  /// Gives the reason if the change is refused as it stands.
  mutating func take(_ key: EntitlementKey, _ index: Int) -> String? {
    guard layout.template != nil else {
      return "'\(key)': groups are not created here; say how with 'groups.create', or create it in "
        + "the directory"
    }
    do throws(TargetError) {
      works.append(Work(index: index, name: try layout.groupName(key.rawValue)))
      return nil
    } catch {
      return error.message
    }
  }

  mutating func apply(
    _ batch: inout Batch, on connection: isolated LDAPConnection, _ progress: (Progress) -> Void
  ) {
    guard let template = layout.template else { return }
    while let position = works.indices.first(where: { batch.isOpen(works[$0].index) }) {
      if let error = batch.reopen(connection) {
        for work in works {
          batch.settle(
            work.index,
            work.isDoubtful
              ? .unknown(reason: "\(error)")
              : .failed(error.code.disposition, reason: "\(error)"))
        }
        return
      }
      works[position].attempts += 1
      if let outcome = create(&works[position], template, on: connection) {
        batch.settle(works[position].index, outcome)
        if case .failed(.stopTarget, _) = outcome {
          for work in works { batch.settle(work.index, outcome) }
        }
      } else if works[position].attempts > 4 {
        batch.settle(works[position].index, .unknown(reason: "the connection keeps breaking"))
      }
      progress(batch.progress)
    }
  }

  /// `nil` if the connection was lost.
  private func create(
    _ work: inout Work, _ template: GroupTemplate, on connection: isolated LDAPConnection
  ) -> Outcome? {
    do throws(LDAPError) {
      if work.isDoubtful, let id = try immutableID(of: work.name, on: connection) {
        return .applied(groupID: id)
      }
      if let number = template.number, work.number == nil {
        guard let free = try freeNumber(number, on: connection) else {
          return .refused(
            reason: "every \(number.attribute) from \(number.range.lowerBound) to "
              + "\(number.range.upperBound) is taken; widen groups.create")
        }
        work.number = free
      }
      let entry = attributes(of: work, template)
      let answer = connection.perform([.add(work.name, entry)])[0]
      let result = answer.result
      switch result.delivery {
      case .unsent: return nil
      case .unanswered:
        work.isDoubtful = true
        return nil
      case .answered: break
      }
      if result.code == .entryAlreadyExists {
        return .failed(.retryLater, reason: "it was created by someone else meanwhile")
      }
      guard result.isSuccess else {
        work.isDoubtful = !result.code.isAboutTheRequest
        if work.isDoubtful, let id = try immutableID(of: work.name, on: connection) {
          return .applied(groupID: id)
        }
        let stop = layout.stop(
          after: [answer], below: layout.groupsBase ?? layout.accountsBase, on: connection)
        return stop ?? result.outcome
      }
      work.isDoubtful = true
      guard let id = try immutableID(of: work.name, on: connection) else {
        return .unknown(reason: "the server accepted it and does not show it")
      }
      if let number = template.number,
        let fault = try settleNumber(&work, number, id, on: connection)
      {
        return fault
      }
      return .applied(groupID: id)
    } catch {
      guard error.code.isAnswer else { return nil }
      return work.isDoubtful
        ? .unknown(reason: "\(error)") : .failed(error.code.disposition, reason: "\(error)")
    }
  }

  private func attributes(of work: Work, _ template: GroupTemplate) -> [LDAPAttribute] {
    var attributes = [LDAPAttribute("objectClass", template.classes)]
    if let leaf = work.name.names.first {
      attributes += leaf.parts.map { LDAPAttribute($0.type, [$0.value]) }
    }
    attributes += template.attributes
      .filter { work.name.leafValue(of: $0.name) == nil }
      .map { LDAPAttribute($0.name, $0.values) }
    if let number = template.number, let value = work.number {
      attributes.append(LDAPAttribute(number.attribute, ["\(value)"]))
    }
    if let stand = layout.placeholder(of: work.name) {
      attributes.append(LDAPAttribute(layout.memberAttribute, [stand]))
    }
    return attributes
  }

  private func immutableID(
    of name: DistinguishedName, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> String? {
    try connection.record(name, attributes: [layout.immutableID])?[layout.immutableID].first
  }

  /// The lowest number that no group shows.
  private func freeNumber(
    _ number: (attribute: String, range: ClosedRange<Int>), on connection: isolated LDAPConnection
  ) throws(LDAPError) -> Int? {
    let taken = try holders(of: .present(number.attribute), number.attribute, on: connection)
      .compactMap { Int($0.value) }
    let set = Set(taken)
    return number.range.first { !set.contains($0) }
  }

  /// Directories let two groups have one number. Where somebody else took the same at the same time,
  /// all but the one with the least immutable id take another.
  private func settleNumber(
    _ work: inout Work, _ number: (attribute: String, range: ClosedRange<Int>), _ id: String,
    on connection: isolated LDAPConnection
  ) throws(LDAPError) -> Outcome? {
    for _ in 0..<5 {
      guard let mine = work.number else { return nil }
      let others = try holders(
        of: .equals(number.attribute, "\(mine)"), number.attribute, on: connection
      ).filter { $0.id != id }
      if others.allSatisfy({ id < $0.id }) { return nil }
      guard let free = try freeNumber(number, on: connection) else { break }
      let change = LDAPModification.replace(LDAPAttribute(number.attribute, ["\(free)"]))
      try connection.perform([.modify(work.name, [change])])[0].result.check()
      work.number = free
    }
    return .unknown(
      reason: "its \(number.attribute) is also another group's; give it one that is free")
  }

  private func holders(
    of filter: Filter, _ attribute: String, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> [(id: String, value: String)] {
    guard let base = layout.groupsBase else { return [] }
    var holders: [(String, String)] = []
    let result = connection.search(
      LDAPSearch(
        base: base, scope: .subtree, filter: filter, attributes: [attribute, layout.immutableID])
    ) { entry in
      guard let record = LDAPRecord(entry), let id = record[layout.immutableID].first else {
        return
      }
      holders += record[attribute].map { (id, $0) }
    }
    guard result.isComplete else { throw LDAPError(result.result) }
    return holders
  }
}
