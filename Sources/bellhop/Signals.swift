import Dispatch
import Glibc

/// SIGTERM and SIGINT as a call, once; a second signal ends the process at once. SIGPIPE is ignored:
/// a closed standard output must not stop a run in the middle of its writes.
enum Signals {
  // SAFETY: written by `onStop` alone, which the one command of the process calls once.
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  /// From now on until the process ends. Call it once.
  static func onStop(_ stop: @escaping @Sendable () -> Void) {
    signal(SIGPIPE, SIG_IGN)
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        signal(number, SIG_DFL)
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }
}
