import Dispatch
import Glibc

/// SIGTERM and SIGINT as a call, once; a second signal, or nine seconds, end the process at once.
/// SIGPIPE is ignored: a closed standard output must not stop a run in the middle of its writes.
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
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(9)) {
          Console.error(
            "told to stop, and something still hangs; what was under way is settled by the next run"
          )
          _exit(ExitStatus.partlyApplied.rawValue)
        }
        stop()
      }
      source.resume()
      sources.append(source)
    }
  }
}
