import AccessModel
import Foundation
import Glibc

// This machine's clocks, read here and nowhere else.

extension Instant {
  /// Now, by the machine's clock, right or wrong.
  static var wallClock: Instant {
    Instant(microseconds: microseconds(of: CLOCK_REALTIME))
  }

  fileprivate static func microseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}

extension ClockReading {
  static func machine() -> ClockReading {
    ClockReading(
      wall: .wallClock, sinceBoot: .microseconds(Instant.microseconds(of: CLOCK_BOOTTIME)),
      boot: bootID())
  }

  private static func bootID() -> String {
    let path = "/proc/sys/kernel/random/boot_id"
    // Without it every run counts as the first since a start, which is judged more strictly.
    guard let bytes = FileManager.default.contents(atPath: path) else { return "" }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
