import Columnar
import LinearAlgebra
import Streaming

/// Enough of the matrix of replicate weights to know its rank, in memory that does not grow with the rows.
///
/// The first rows are kept as they are. Later rows, or sums of rows, are added to them in turn, each times another
/// coefficient: that mixes the rows, and a mixture of enough of them has the rank of all.
struct WeightSketch: Sendable {
  let width: Int
  private let capacity: Int
  /// Row by row.
  private(set) var rows: [Double] = []
  /// Rows that were added to others.
  private var added = 0

  init(width: Int, capacity: Int) {
    self.width = width
    self.capacity = capacity
  }

  /// How many rows can still be kept as they are.
  var room: Int { capacity - rows.count / max(width, 1) }

  /// Adds a row whose elements lie `stride` apart.
  mutating func add(_ row: UnsafePointer<Double>, stride: Int) {
    if room > 0 {
      for index in 0..<width { rows.append(row[index * stride]) }
      return
    }
    let start = added % capacity * width
    // Multiples of the golden ratio are spread evenly, so no two sums of rows have their coefficients in proportion.
    let coefficient = 1 + (Double(added) * 0.618_033_988_749_894_8).truncatingRemainder(dividingBy: 1)
    rows.withUnsafeMutableBufferPointer { rows in
      for index in 0..<width { rows[start + index] += coefficient * row[index * stride] }
    }
    added += 1
  }

  mutating func merge(_ other: WeightSketch) {
    other.rows.withUnsafeBufferPointer { rows in
      guard let base = rows.baseAddress else { return }
      for row in 0..<rows.count / max(width, 1) { add(base + row * width, stride: 1) }
    }
  }

  /// The rank of the weights, at most the sketch's capacity.
  func rank() throws(ImmerseError) -> Int {
    do {
      let count = rows.count / max(width, 1)
      return try Matrix(rows: width, columns: count, elements: rows).transposed.columnRank()
    } catch {
      throw ImmerseError(.failure, "the degrees of freedom of the replicate weights cannot be computed: \(error)")
    }
  }

  func write(to blob: inout BlobWriter) {
    blob.write(rows)
    blob.write(added)
  }

  mutating func read(from blob: inout BlobReader) throws(ImmerseError) {
    rows = try blob.doubles()
    added = Int(try blob.integer(Int64.self))
    guard width > 0, rows.count % width == 0, rows.count / width <= capacity, added.isRowCount else {
      throw .brokenPartial
    }
  }
}
