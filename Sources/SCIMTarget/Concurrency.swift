internal import Synchronization

/// Runs `body` for each input, `width` at a time, started in order. Gives the results in the order
/// of the inputs; `finished` hears of each, a few at a time.
///
/// A task takes several inputs one after the other: to start one for each costs as much as a request.
func concurrently<Input: Sendable, Output: Sendable>(
  _ inputs: [Input], width: Int, _ body: @escaping @Sendable (Input) async -> Output,
  finished: (Output) -> Void = { _ in }
) async -> [Output] {
  let turns = Turns(count: inputs.count)
  return await withTaskGroup(of: [(Int, Output)].self) { group in
    func startTask() {
      group.addTask {
        var outputs: [(Int, Output)] = []
        while outputs.count < 16, let position = turns.next() {
          outputs.append((position, await body(inputs[position])))
        }
        return outputs
      }
    }
    for _ in 0..<min(width, inputs.count) { startTask() }
    var results = [Output?](repeating: nil, count: inputs.count)
    for await outputs in group {
      for (position, output) in outputs {
        results[position] = output
        finished(output)
      }
      if turns.areLeft { startTask() }
    }
    return results.compactMap(\.self)
  }
}

/// Numbers from zero, each given once.
private final class Turns: Sendable {
  private let count: Int
  private let position = Atomic(0)

  init(count: Int) { self.count = count }

  var areLeft: Bool { position.load(ordering: .relaxed) < count }

  func next() -> Int? {
    let turn = position.add(1, ordering: .relaxed).oldValue
    return turn < count ? turn : nil
  }
}
