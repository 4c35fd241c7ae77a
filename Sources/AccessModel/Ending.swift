/// Why a removal happens.
package enum Cause: String, Sendable, Codable, CaseIterable {
  case expired, revoked, absent, unmapped, `operator`

  /// Its evidence is ours or explicit, so it needs no complete reading.
  package var standsAlone: Bool {
    switch self {
    case .expired, .revoked, .operator: true
    case .absent, .unmapped: false
    }
  }

  /// Whether the limits count what goes for it: all but the ends that were agreed on.
  package var isLimited: Bool {
    switch self {
    case .absent, .unmapped, .operator: true
    case .expired, .revoked: false
    }
  }
}

/// A cause together with its evidence. Nothing can be removed without one.
package enum Ending: Hashable, Sendable, Codable {
  /// The end instant of the assignment has passed.
  case expired(AssignmentReference, end: Instant)
  /// The source said it is over before its end, by `state`, in the reading at `seen`.
  case revoked(AssignmentReference, state: String, seen: Instant)
  /// Not in any complete reading from `missingSince` to `confirmed`.
  case absent(AssignmentReference, missingSince: Instant, confirmed: Instant)
  /// No mapping asks for it any more; `live` are the assignments that used to justify it and go on.
  case unmapped(live: [AssignmentReference])
  case `operator`(name: String, reason: String)

  package var cause: Cause {
    switch self {
    case .expired: .expired
    case .revoked: .revoked
    case .absent: .absent
    case .unmapped: .unmapped
    case .operator: .operator
    }
  }

  /// The assignment that ended, where one did.
  package var assignment: AssignmentReference? {
    switch self {
    case .expired(let reference, _), .revoked(let reference, _, _), .absent(let reference, _, _):
      reference
    case .unmapped, .operator: nil
    }
  }

  /// When the access came to its end; `nil` where that is simply now.
  package var instant: Instant? {
    switch self {
    case .expired(_, let end): end
    case .revoked(_, _, let seen): seen
    case .absent(_, _, let confirmed): confirmed
    case .unmapped, .operator: nil
    }
  }
}

extension Ending: CustomStringConvertible {
  package var description: String {
    switch self {
    case .expired(let reference, let end): "expired \(end), \(reference)"
    case .revoked(let reference, let state, let seen):
      "revoked as \(state), read \(seen), \(reference)"
    case .absent(let reference, let since, _): "absent since \(since), \(reference)"
    case .unmapped(let live):
      live.isEmpty ? "unmapped" : "unmapped, though \(live[0]) is live"
    case .operator(let name, let reason): "operator \(name): \(reason)"
    }
  }
}
