import AccessModel

/// What every target must do, in-memory or real: `@Test(arguments: TargetConformance.cases)`.
package enum TargetConformance {
  package struct Case: Sendable, CustomStringConvertible {
    package let description: String
    let body: @Sendable (ConformanceWorld) async throws -> Void

    init(
      _ description: String,
      _ body: @escaping @Sendable (ConformanceWorld) async throws -> Void
    ) {
      self.description = description
      self.body = body
    }

    /// Runs the case in the harness's world, which it uses up. Throws `ConformanceFailure` if the
    /// target does not do what it must, and whatever the target or the harness throws.
    package func run(_ harness: any ConformanceHarness) async throws {
      do {
        try await body(try ConformanceWorld(harness))
      } catch {
        await harness.tearDown()
        throw error
      }
      await harness.tearDown()
    }
  }

  package static let cases: [Case] = readingCases + accountCases + membershipCases + repeatedCases

  /// Runs every case in a branch of its own of one server, which costs less than a server for each.
  /// Gives what each found wrong.
  package static func failures(
    inBranches harness: (String) async throws -> any ConformanceHarness
  ) async -> [String] {
    var failures: [String] = []
    for (number, theCase) in cases.enumerated() {
      do {
        try await theCase.run(try await harness("case\(number)"))
      } catch {
        failures.append("\(theCase): \(error)")
      }
    }
    return failures
  }
}
