/// Runs `body` for each input, `width` at a time, started in order. Gives the results in the order
/// of the inputs; `finished` hears of each as it ends.
func concurrently<Input: Sendable, Output: Sendable>(
  _ inputs: [Input], width: Int, _ body: @escaping @Sendable (Input) async -> Output,
  finished: (Output) -> Void = { _ in }
) async -> [Output] {
  await withTaskGroup(of: (Int, Output).self) { group in
    var results = [Output?](repeating: nil, count: inputs.count)
    var started = 0
    func startNext() {
      guard started < inputs.count else { return }
      let position = started
      let input = inputs[position]
      group.addTask { (position, await body(input)) }
      started += 1
    }
    for _ in 0..<width { startNext() }
    for await (position, output) in group {
      results[position] = output
      finished(output)
      startNext()
    }
    return results.compactMap(\.self)
  }
}
