/// The candidate that `word` was probably meant to be: the one with the fewest insertions,
/// deletions, substitutions and swaps of neighbours, case aside, if these are few for its length.
/// Of equals the first in the order of the alphabet.
package func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
  let target = Array(word.lowercased().unicodeScalars.prefix(64))
  let limit = max(1, target.count / 3)
  let distances = candidates.map { candidate in
    (editDistance(target, Array(candidate.lowercased().unicodeScalars.prefix(64))), candidate)
  }
  guard let best = distances.min(by: { $0 < $1 }), best.0 <= limit else { return nil }
  return best.1
}

/// The optimal string alignment distance, row by row.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
  var before: [Int] = []
  var previous = Array(0...right.count)
  for i in left.indices {
    var current = [i + 1]
    for j in right.indices {
      var cost = min(
        previous[j + 1] + 1, current[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        cost = min(cost, before[j - 1] + 1)
      }
      current.append(cost)
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}
