package import AccessModel
import GraphClient
import HTTPTransport
import JSON

extension GraphSource: Examinable {
  package var name: String { id.rawValue }

  /// Asks for one page of everything that is read, and changes nothing.
  package func examine(
    _ examination: Examination, report: @Sendable (Diagnosis) -> Void
  ) async {
    let budget = RetryBudget(.seconds(10))
    report(
      Diagnosis(
        .fine, "endpoint", "Graph at \(service.cloud.graph), tokens from \(service.cloud.login)"))
    guard await examineToken(budget, report) else { return }
    await examineClock(examination.now, report)
    await look("assignments", budget, report) { () throws(GraphError) in
      let query = AssignmentQuery(settings: settings, package: firstPackage, counts: true)
      let page = try await service.object(try query.url(service), budget)
      let rows = page["value"]?.elements?.count ?? 0
      let count = page["@odata.count"]?.integer.map { "\($0)" } ?? "an unknown number"
      return "the first page holds \(rows) of \(count)"
        + (page["@odata.nextLink"] == nil ? "" : ", and there are more")
    }
    await look("access packages", orElse: .advice, budget, report) { () throws(GraphError) in
      "\(try await AccessPackageList(service: service).ids(budget).count) to be seen"
    }
    await examineUsers(budget, report)
    await look("requests", orElse: .warning, budget, report) { () throws(GraphError) in
      let waiting = try await waitingRequests(budget)
      return waiting.isEmpty ? "none waits for an answer" : "\(waiting.count) wait for an answer"
    }
    examineCallback(report)
  }

  private var firstPackage: String? {
    if case .packages(let ids) = settings.scope { ids.first } else { nil }
  }

  /// Whether there is a token and what it allows, as far as it tells.
  private func examineToken(
    _ budget: RetryBudget, _ report: @Sendable (Diagnosis) -> Void
  ) async -> Bool {
    do throws(GraphError) {
      let roles = try await service.grantedRoles(budget)
      report(
        Diagnosis(
          .fine, "token",
          roles.isEmpty
            ? "given; it names no permission"
            : "given, with \(roles.joined(separator: ", "))"))
      return true
    } catch {
      report(
        Diagnosis(
          .fault, "token", "\(error)",
          wayOut: "docs/entra.md lists what each refusal means"))
      return false
    }
  }

  private func examineClock(
    _ now: Instant, _ report: @Sendable (Diagnosis) -> Void
  ) async {
    let server: Int64
    do throws(GraphError) {
      server = try await service.time()
    } catch {
      return report(Diagnosis(.fault, "clock", "\(error)"))
    }
    let difference = server - now.microseconds / 1_000_000
    report(
      abs(difference) <= 60
        ? Diagnosis(.fine, "clock", "\(abs(difference)) s apart from Graph's")
        : Diagnosis(
          .warning, "clock",
          "\(abs(difference)) s \(difference > 0 ? "behind" : "ahead of") Graph's",
          wayOut: "set this machine's clock by NTP; assignments start and end by it"))
  }

  private func examineUsers(
    _ budget: RetryBudget, _ report: @Sendable (Diagnosis) -> Void
  ) async {
    guard settings.users != .none else {
      return report(
        Diagnosis(
          .advice, "users",
          "not asked: blocked and deleted subjects keep their access until "
            + "their assignments end",
          wayOut: "grant User.Read.All and leave out 'users: none'"))
    }
    await look("users", orElse: .warning, budget, report) { () throws(GraphError) in
      let url = try service.url("/users", query: "$top=1&$select=id,accountEnabled")
      return
        "\(try await service.page(url, budget).values.isEmpty ? "none is" : "they are") to be seen"
    }
  }

  private func examineCallback(_ report: @Sendable (Diagnosis) -> Void) {
    guard let policy = settings.callback else { return }
    report(
      Diagnosis(
        .fine, "callback",
        policy.onFailure == .leave
          ? "requests are answered once their access is there, and never otherwise"
          : "requests are answered once their access is there, or as failed after "
            + "\(policy.failAfter.components.seconds) s",
        wayOut: "answering needs EntitlementManagement.ReadWrite.All, or the role Access package "
          + "assignment manager on the catalog"))
  }

  private func look(
    _ topic: String, orElse verdict: Diagnosis.Verdict = .fault, _ budget: RetryBudget,
    _ report: @Sendable (Diagnosis) -> Void,
    _ body: () async throws(GraphError) -> String
  ) async {
    do throws(GraphError) {
      report(Diagnosis(.fine, topic, try await body()))
    } catch {
      report(Diagnosis(verdict, topic, "\(error)"))
    }
  }
}

extension GraphSource: ClockWitness {
  package var witnessName: String { id.rawValue }

  /// Any answer tells the time, also one without a token.
  package func serverClock(
    touching account: AccountIdentity?
  ) async throws(ClockUnreadable) -> Instant {
    do throws(GraphError) {
      return Instant(microseconds: try await service.time() * 1_000_000)
    } catch {
      throw ClockUnreadable("\(error)")
    }
  }
}
