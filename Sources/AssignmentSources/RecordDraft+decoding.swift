import AccessModel
import Legibility

extension RecordDraft {
  /// What a record says once it is understood. No subject where there is none yet, or any more, and
  /// nothing can be held.
  struct Decoded {
    let state: AssignmentState
    let validity: Validity
    let subject: SubjectID?
    let package: AccessPackage
  }

  func decoded() throws(RecordFault) -> Decoded {
    if let fault { throw fault }
    _ = try identifier(id, .id)
    let state = try decodedState()
    let name = try present(packageName, .packageName)
    let validity = state == .expired ? endedValidity : try decodedValidity()
    return Decoded(
      state: state, validity: validity, subject: try subject(of: state),
      package: AccessPackage(id: filled(packageID), name: name, catalog: filled(catalog)))
  }

  private func decodedState() throws(RecordFault) -> AssignmentState {
    let text = try present(state, .state)
    guard let state = AssignmentState(rawValue: text) ?? AssignmentState(wire: text) else {
      throw RecordFault(.state, "\(quoted(text)) is no known state")
    }
    return state
  }

  private func subject(of state: AssignmentState) throws(RecordFault) -> SubjectID? {
    if let objectID, !objectID.isEmpty {
      return SubjectID(try identifier(objectID, .objectID))
    }
    switch state {
    case .delivered, .partiallyDelivered:
      throw RecordFault(.objectID, "is missing, though the state is \(state.rawValue)")
    case .delivering, .expired, .deliveryFailed: return nil
    }
  }

  private func decodedValidity() throws(RecordFault) -> Validity {
    let start = try instant(try present(self.start, .start), .start)
    guard let end = try decodedEnd(from: start) else { return Validity(start: start, end: nil) }
    guard end > start else {
      throw RecordFault(self.end == nil ? .duration : .end, "the end is not after the start")
    }
    return Validity(start: start, end: end)
  }

  /// `nil` only where the record says that there is no end.
  private func decodedEnd(from start: Instant) throws(RecordFault) -> Instant? {
    let type = expirationType?.lowercased()
    switch type {
    case "noexpiration":
      guard end == nil, duration == nil else {
        throw RecordFault(.expirationType, "is noExpiration, yet an end is given")
      }
      return nil
    case "afterduration":
      return try instant(start, after: try present(duration, .duration))
    case "afterdatetime", "notspecified", nil:
      guard let end, !end.isEmpty else {
        let way = type == "afterdatetime" ? "" : ", and the expiration type is not noExpiration"
        throw RecordFault(.end, "is missing\(way)")
      }
      return try instant(end, .end)
    default:
      throw RecordFault(
        .expirationType, "\(quoted(expirationType ?? "")) is no known expiration type")
    }
  }

  private func instant(
    _ start: Instant, after text: String
  ) throws(RecordFault) -> Instant {
    let duration: CalendarDuration
    do throws(DurationSyntaxError) {
      duration = try CalendarDuration(parsing: text)
    } catch {
      throw RecordFault(.duration, "\(quoted(text)) is no ISO 8601 duration such as P30D")
    }
    let days = duration.months * 31 + duration.days + duration.seconds / 86_400
    let tooLong = RecordFault(.duration, "ends after the year 9999")
    // Before adding: a number of any size may stand in the text.
    guard days <= 10_000 * 366 else { throw tooLong }
    let end = start.adding(duration)
    guard end.civilTime.year <= 9999 else { throw tooLong }
    return end
  }

  /// It is over whatever its schedule says: an empty span where that says nothing usable.
  private var endedValidity: Validity {
    do throws(RecordFault) {
      return try decodedValidity()
    } catch {
      let end = known(expiredAt) ?? known(end) ?? known(start) ?? Instant(microseconds: 0)
      return Validity(start: end, end: end)
    }
  }

  private func known(_ text: String?) -> Instant? {
    guard let text else { return nil }
    do throws(InstantSyntaxError) { return try Instant(parsing: text) } catch { return nil }
  }

  private func instant(_ text: String, _ field: RecordField) throws(RecordFault) -> Instant {
    do throws(InstantSyntaxError) {
      return try Instant(parsing: text)
    } catch {
      throw RecordFault(field, "\(quoted(text)) is no RFC 3339 instant: \(error.reason)")
    }
  }

  private func filled(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }

  private func present(_ text: String?, _ field: RecordField) throws(RecordFault) -> String {
    guard let text, !text.isEmpty else { throw RecordFault(field, "is missing") }
    return text
  }

  /// Identifiers are shown to people and compared by bytes, so nothing invisible may be in them.
  private func identifier(_ text: String?, _ field: RecordField) throws(RecordFault) -> String {
    let text = try present(text, field)
    guard text.utf8.count <= 1024 else { throw RecordFault(field, "is longer than 1024 bytes") }
    guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return text }
    if let hidden = text.unicodeScalars.first(where: \.isHidden) {
      throw RecordFault(
        field, "holds \(hidden.codePoint), a control or an invisible character")
    }
    return text
  }
}
