import AccessModel
import Foundation
import Glibc
import LedgerStore
import Testing

@Suite struct RunLockTests {
  let state: TemporaryState

  init() throws { state = try TemporaryState() }

  private func take(_ command: String = "bellhop apply") throws(RunLockError) -> RunLock {
    try RunLock(path: state.folder.lock, command: command, at: .nine)
  }

  @Test func `the loser is told who holds the lock`() throws {
    let lock = try take()
    let error = #expect(throws: RunLockError.self) { try take("bellhop run") }
    guard case .held(let holder?)? = error else {
      Issue.record("not held: \(String(describing: error))")
      return
    }
    #expect(holder.pid == getpid())
    #expect(holder.command == "bellhop apply")
    #expect(holder.since == .nine)
    #expect(holder.host == ProcessInfo.processInfo.hostName)
    #expect(error?.description.contains("'bellhop apply', process \(getpid()) on") == true)
    lock.release()
  }

  @Test func `a released lock can be taken, and releasing twice does no harm`() throws {
    let first = try take()
    first.release()
    let second = try take()
    first.release()
    #expect(throws: RunLockError.self) { try take() }
    second.release()
  }

  @Test func `a lock goes with its holder`() throws {
    _ = try take()
    let lock = try take()
    lock.release()
  }

  @Test func `what a dead process left in the file is no lock`() throws {
    try FileManager.default.createDirectory(
      atPath: state.folder.path, withIntermediateDirectories: true)
    try #"{"pid":1,"host":"elsewhere","command":"bellhop run","since":"2026-01-12T09:00:00Z"} …"#
      .write(toFile: state.folder.lock, atomically: false, encoding: .utf8)
    let lock = try take()
    let error = #expect(throws: RunLockError.self) { try take() }
    guard case .held(let holder?)? = error else { throw error ?? .held(by: nil) }
    #expect(holder.pid == getpid())
    lock.release()
  }

  @Test func `another process is kept out`() async throws {
    let lock = try take()
    await #expect(processExitsWith: .exitCode(75)) { [path = state.folder.lock as String] in
      do {
        _ = try RunLock(path: path, command: "bellhop apply", at: Instant(microseconds: 0))
      } catch RunLockError.held {
        exit(75)
      }
    }
    lock.release()
  }

  @Test func `a killed process leaves no lock`() async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = state.folder.lock as String] in
      let lock = try RunLock(path: path, command: "bellhop apply", at: Instant(microseconds: 0))
      kill(getpid(), SIGKILL)
      lock.release()
    }
    try take().release()
  }

  @Test func `the lock file is its owner's alone and is never a link`() throws {
    try take().release()
    let mode = try FileManager.default.attributesOfItem(atPath: state.folder.lock)[
      .posixPermissions]
    #expect(mode as? Int == 0o600)
    try FileManager.default.removeItem(atPath: state.folder.lock)
    try FileManager.default.createSymbolicLink(
      atPath: state.folder.lock, withDestinationPath: state.parent + "/elsewhere")
    let error = #expect(throws: RunLockError.self) { try take() }
    guard case .unusable? = error else { throw error ?? .held(by: nil) }
    #expect(!FileManager.default.fileExists(atPath: state.parent + "/elsewhere"))
  }

  @Test func `C6: whoever opened the ledger last may write, whatever lock the other holds`()
    async throws
  {
    func open(_ name: String) throws -> (RunLock, LedgerStore) {
      let lock = try RunLock(
        path: state.folder.lock + name, command: "apply \(name)", at: .nine)
      return (lock, try LedgerStore(path: state.folder.ledger, lock: lock))
    }
    let (first, displaced) = try open("1")
    try await displaced.beginRun(.first)
    let (second, newest) = try open("2")
    let error = await #expect(throws: LedgerError.self) {
      try await displaced.carryOut([addition("ada", to: "staff", because: "a")])
    }
    #expect(error?.kind == .displaced)
    #expect(error?.message.contains("another run has taken over: 'apply 2'") == true)
    try await newest.carryOut([addition("ada", to: "staff", because: "a")])
    first.release()
    second.release()
  }
}
