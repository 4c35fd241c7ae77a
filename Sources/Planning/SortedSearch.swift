extension RandomAccessCollection where Index == Int {
  /// Where the element with a key is, in a collection that is sorted by that key.
  func position<Key: Comparable>(of key: Key, by keyOf: (Element) -> Key) -> Int? {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if keyOf(self[middle]) < key { low = middle + 1 } else { high = middle }
    }
    return low < endIndex && keyOf(self[low]) == key ? low : nil
  }
}
