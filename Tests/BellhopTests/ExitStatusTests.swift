import AccessModel
import ArgumentParser
import Testing

@testable import bellhop

@Suite struct ExitStatusTests {
  private struct Surprise: Error {
    let secret = "hunter2"
  }

  /// The code a command ends with when its body throws.
  private func code(of error: any Error) async -> Int32? {
    do {
      try await ValidateCommand().finish { throw error }
      return 0
    } catch {
      return (error as? ExitCode)?.rawValue
    }
  }

  @Test func `what a command throws becomes the exit code that scripts know`() async {
    #expect(await code(of: LedgerError(message: "the disk is full")) == 74)
    #expect(await code(of: CommandFailure(status: .anotherRun, message: "held")) == 75)
    #expect(await code(of: Surprise()) == 70)
  }

  @Test(arguments: [0, 2, 4] as [Int32])
  func `how a command ended is its exit code`(code: Int32) async throws {
    let known = bellhop.ExitStatus(rawValue: code)
    let status = try #require(known)
    do {
      try await ValidateCommand().finish { status }
      #expect(code == 0)
    } catch {
      #expect((error as? ExitCode)?.rawValue == code)
    }
  }
}
