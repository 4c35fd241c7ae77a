package import AccessModel
package import GraphClient

/// Assignments in Microsoft Entra entitlement management, read through Microsoft Graph v1.0.
///
/// The whole list comes in pages, each read as it arrives; one record is held at a time besides what
/// is kept of it. A list that breaks off, moves or miscounts is partial; one that never began throws.
package struct GraphSource: AssignmentSource {
  package let id: SourceID
  package let settings: Settings
  let service: GraphService
  let memory: GraphMemory
  let cache: SubjectCache

  package var absentAfter: Duration { settings.absentAfter }

  /// `cachePath` is where what `/users/delta` told may be kept; `nil` keeps it in memory.
  package init(
    id: SourceID, service: GraphService, settings: Settings, cachePath: String? = nil
  ) {
    self.id = id
    self.service = service
    self.settings = settings
    memory = GraphMemory()
    cache = SubjectCache(path: cachePath)
  }

  package func read(_ context: RunContext) async throws(SourceError) -> AssignmentReading {
    let budget = RetryBudget(settings.patience)
    let reading = try await completed(try await listed(budget), budget)
    guard settings.callback != nil else { return reading }
    do throws(GraphError) {
      return reading.heeding(try await waitingRequests(budget))
    } catch {
      return reading.copy(remarks: reading.remarks + ["requests that wait are unknown: \(error)"])
    }
  }

  /// With what Entra's users say of the subjects.
  func completed(
    _ reading: AssignmentReading, _ budget: RetryBudget
  ) async throws(SourceError) -> AssignmentReading {
    guard settings.users != .none else { return reading }
    let names = reading.missing(of: settings.attributes)
    let shape = Attributes.Shape(names)
    let directory = SubjectDirectory(
      service: service, users: settings.users, shape: shape, cache: cache)
    do throws(GraphError) {
      return reading.completed(
        with: try await directory.facts(of: reading.subjectsToAsk, budget), shape)
    } catch {
      if error.cause == .cancelled { throw sourceError(error) }
      return reading.withUnreadSubjects(error, attributes: names)
    }
  }

  /// What the lists of assignments say, and nothing else.
  private func listed(_ budget: RetryBudget) async throws(SourceError) -> AssignmentReading {
    var listing = AssignmentListing(source: id, service: service, settings: settings, memory)
    do throws(GraphError) {
      try await listing.run(budget)
    } catch {
      throw sourceError(error)
    }
    return listing.finish()
  }

  func sourceError(_ error: GraphError) -> SourceError {
    let kind: SourceError.Kind =
      switch error.cause {
      case .malformed: .malformed
      case .token, .unanswered, .refused, .busy, .link, .cancelled: .unavailable
      }
    return SourceError(source: id, kind: kind, message: error.description)
  }
}
