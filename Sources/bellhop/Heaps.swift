import CMalloc
import Glibc

/// The allocator's heaps (mallopt(3)).
enum Heaps {
  /// Call it before the first thread starts. glibc gives threads a heap each, up to eight for each
  /// processor, and what a reading leaves free in one is of no use to the next on another thread: a loop
  /// that reads 100,000 accounts again and again would keep several times what one reading takes.
  /// `MALLOC_ARENA_MAX` in the environment says otherwise.
  static func bound() {
    if getenv("MALLOC_ARENA_MAX") == nil { _ = mallopt(M_ARENA_MAX, 2) }
  }
}
