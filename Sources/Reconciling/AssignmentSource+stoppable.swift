import AccessModel

// Sources that hang hold up no stop: a second after it they are left behind.

extension AssignmentSource {
  func stoppableRead(_ context: RunContext) async -> Result<AssignmentReading, SourceError> {
    await Interruption.run(grace: .seconds(1)) {
      do throws(SourceError) {
        return .success(try await read(context))
      } catch {
        return .failure(error)
      }
    } abandoned: {
      .failure(SourceError(source: id, kind: .unavailable, message: "stopped while it was read"))
    }
  }
}

extension NewsSource {
  func stoppableNews(
    _ context: RunContext, since reading: AssignmentReading, readAt: Instant
  ) async -> Result<AssignmentReading?, SourceError> {
    await Interruption.run(grace: .seconds(1)) {
      do throws(SourceError) {
        return .success(try await news(context, since: reading, readAt: readAt))
      } catch {
        return .failure(error)
      }
    } abandoned: {
      .failure(SourceError(source: id, kind: .unavailable, message: "stopped while it was asked"))
    }
  }
}
