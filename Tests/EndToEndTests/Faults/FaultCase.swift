import ConnectorTesting

/// One fault in one run of the script.
struct FaultCase: Sendable {
  let script: FaultScript
  let fault: FaultProxy.Fault

  /// `return, reply 7, reset at middle`, unique within a door.
  var name: String {
    let place = "\(fault.on.rawValue) \(fault.step)\(fault.lasting ? " and later" : "")"
    return "\(script.rawValue), \(place), \(fault.kind) at \(fault.at.rawValue)"
  }

  /// Whether the run must succeed all the same.
  var isHarmless: Bool {
    ["delay", "100 interim answers", "off-origin links"].contains(fault.kind)
  }

  /// Every fault at every step of a run that made these requests and got these replies. What all runs
  /// do alike, reading, is taken from one of them; and what is done alike under TLS and without it,
  /// all but the handshake, is cut at the middle only under TLS.
  static func all(
    _ door: FaultDoor, _ script: FaultScript, _ count: FaultProxy.Count
  ) -> [FaultCase] {
    let isFirst = script == .leave
    let isPlain = [.ldap, .http].contains(door)
    guard isFirst || isPlain else { return [] }
    let places: [FaultProxy.Fault.Place] =
      isPlain || door.isRecords ? FaultProxy.Fault.Place.allCases : [.middle]
    var faults = isFirst ? connecting : []
    for step in steps(count.replies, door, writesOnly: !isFirst) {
      for kind in door.isRecords ? records : stream {
        faults += places.map { .init(kind, step: step, at: $0) }
      }
      for kind in slow { faults.append(.init(kind, step: step, at: .middle)) }
      for kind in answers(door) { faults.append(.init(kind, step: step)) }
      faults.append(.init("reset", step: step, at: .middle, lasting: true))
    }
    for step in steps(count.requests, door, writesOnly: !isFirst) {
      // A flipped bit in a request nobody protects is a different request: not for us to notice.
      for kind in door.isRecords ? records : ["reset", "fin", "truncate"] {
        faults += places.map { .init(kind, on: .request, step: step, at: $0) }
      }
      faults.append(.init("silence", on: .request, step: step, at: .middle))
    }
    if door == .startTLS {
      faults += ["StartTLS refused", "StartTLS then plaintext", "StartTLS with injection"].map {
        FaultProxy.Fault($0, on: .request, step: 1)
      }
    }
    return faults.map { FaultCase(script: script, fault: $0) }
  }

  /// Messages that follow one of another kind, counted from 1: of many entries in a row, the first. Of
  /// records those of the first connections, since one looks like another.
  private static func steps(_ names: [String], _ door: FaultDoor, writesOnly: Bool) -> [Int] {
    if door.isRecords { return Array(1...max(1, min(16, names.count))) }
    let writes: Set = [
      "modify", "add", "delete", "rename", "modified", "added", "deleted", "renamed", "POST",
      "PATCH",
      "PUT", "DELETE", "to POST", "to PATCH", "to PUT", "to DELETE",
    ]
    return names.indices.filter { index in
      if writesOnly { return writes.contains(names[index]) }
      return index == 0 || names[index] != names[index - 1] || names[index] != "entry"
    }.map { $0 + 1 }
  }

  private static let connecting =
    ["reset", "silence", "garbage", "fin"].flatMap { kind in
      [false, true].map {
        FaultProxy.Fault(kind, on: .connect, lasting: $0)
      }
    } + ["refuse", "black hole"].map { FaultProxy.Fault($0, on: .connect, lasting: true) }

  private static let stream = [
    "reset", "fin", "half close", "truncate", "duplicate", "flip", "garbage", "garbage instead",
  ]
  private static let records = ["reset", "fin", "flip", "truncate", "duplicate", "garbage"]
  /// Each takes as long as an answer may.
  private static let slow = ["silence", "trickle", "delay"]

  private static func answers(_ door: FaultDoor) -> [String] {
    if door.isRecords { return [] }
    if door.isDirectory {
      return [
        "busy", "unavailable", "size limit", "time limit", "referral", "wrong id",
        "notice of disconnection", "length 2^31", "negative length", "endless entry",
      ]
    }
    return [
      "redirect", "redirect to another host", "redirect to another scheme", "401", "403", "429",
      "503", "empty 200", "HTML", "bad chunk", "chunk of 2^63", "length too long",
      "length too short", "negative content length", "endless headers", "100 MB",
      "100 interim answers", "gzip bomb", "off-origin links",
    ]
  }

  /// As many as asked for, spread over all of them, in the order of the scripts' circle.
  static func slice(_ cases: [FaultCase], count: Int) -> [FaultCase] {
    guard count < cases.count else { return cases }
    return (0..<count).map { cases[($0 * cases.count + cases.count / 2) / count] }
  }
}
