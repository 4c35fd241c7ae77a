/// The assignments of one reading that are live now, by their positions in it.
package struct LiveAssignments: Sendable {
  package let reading: AssignmentReading
  /// Positions in `reading.assignments`, ascending.
  package let positions: ContiguousArray<Int32>

  package init(reading: AssignmentReading, positions: ContiguousArray<Int32>) {
    self.reading = reading
    self.positions = positions
  }
}
