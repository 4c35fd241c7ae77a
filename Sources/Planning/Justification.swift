package import AccessModel

/// What is to become of a thing that no live assignment asks for through the mapping.
enum Verdict: Equatable {
  case hold(reason: String)
  case remove(Ending)
}

extension AssignmentBook {
  /// Judges by the assignments that justified the thing when it was last desired.
  ///
  /// It goes only when the last of them is over, and then for the reason the last one went: had that
  /// one stayed, so had the thing. Where two ended at the same instant the weaker cause counts, so
  /// that limits see it. While one is held the thing is held.
  func verdict(on because: [AssignmentReference]) -> Verdict {
    var live: [AssignmentReference] = []
    var last: Ending?
    var held: String?
    for reference in because {
      switch standing(of: reference) {
      case .live: live.append(reference)
      case .held(let reason): held = held ?? reason
      case .notYet(let start):
        last = later(
          last, .revoked(reference, state: "not live before \(start)", seen: start))
      case .over(let ending): last = later(last, ending)
      }
    }
    if let held { return .hold(reason: held) }
    if let last, live.isEmpty { return .remove(last) }
    guard isComplete else {
      return .hold(reason: "no mapping asks for it, but a source was not read completely")
    }
    return .remove(.unmapped(live: live))
  }

  /// The ending of a thing that needs no reading to be proven, if it has one.
  package func ending(of because: [AssignmentReference]) -> Ending? {
    guard case .remove(let ending) = verdict(on: because), ending.cause.standsAlone else {
      return nil
    }
    return ending
  }

  /// What justifies a thing from now on: what asks for it now, and of what did so before whatever
  /// could not be read or trusted this time. Were that forgotten, the end of the rest would end it.
  func justification(
    _ now: [AssignmentReference], before: [AssignmentReference]
  ) -> [AssignmentReference] {
    if now == before { return now }
    let held = before.filter { reference in
      if case .held = standing(of: reference) { true } else { false }
    }
    return held.isEmpty ? now : Set(now + held).sorted()
  }

  private func later(_ left: Ending?, _ right: Ending) -> Ending {
    guard let left else { return right }
    guard let leftEnd = left.instant, let rightEnd = right.instant, leftEnd != rightEnd else {
      return left.cause.standsAlone ? right : left
    }
    return leftEnd > rightEnd ? left : right
  }
}
