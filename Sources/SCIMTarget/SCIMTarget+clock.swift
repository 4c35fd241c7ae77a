package import AccessModel
internal import SCIMClient

extension SCIMTarget: ClockWitness {
  package var witnessName: String { id.rawValue }

  /// Writes nothing: every answer over HTTP has a date.
  package func serverClock(
    touching account: AccountIdentity?
  ) async throws(ClockUnreadable) -> Instant {
    let seconds: Int64?
    do throws(SCIMError) {
      seconds = try await provider.clock()
    } catch {
      throw ClockUnreadable("\(error)")
    }
    guard let seconds else { throw ClockUnreadable("its answer has no Date") }
    return Instant(microseconds: seconds * 1_000_000)
  }
}
