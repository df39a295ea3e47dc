import Columnar
import Streaming

/// What must be known of columns before the first row of a file of SPSS or Stata is written.
struct ColumnSurvey: BatchWriter {
  struct Finding: Sendable {
    /// The most bytes a text takes.
    var width = 0
    /// The levels that occur, of categories.
    var levels: Set<String> = []
    /// Whether an integer is too large for a Float64 to hold.
    var isRounded = false
  }

  let encoder: Encoder
  private(set) var rowCount = 0
  private(set) var findings: [String: Finding] = [:]

  /// - Parameter levels: The columns whose levels are wanted.
  init(levels: Set<String>) { encoder = Encoder(levels: levels) }

  mutating func append(_ encoded: (rows: Int, findings: [String: Finding])) {
    rowCount += encoded.rows
    findings.merge(encoded.findings) { all, part in
      Finding(
        width: max(all.width, part.width), levels: all.levels.union(part.levels),
        isRounded: all.isRounded || part.isRounded)
    }
  }

  struct Encoder: BatchEncoder {
    fileprivate let levels: Set<String>

    func encode(_ batch: Batch) -> (rows: Int, findings: [String: Finding]) {
      var findings: [String: Finding] = [:]
      for (name, column) in zip(batch.names, batch.columns) {
        var finding = Finding()
        switch column.values {
        case .text(let texts):
          texts.forEachText { finding.width = max(finding.width, $0.count) }
        case .category(let codes, let all):
          var occurs = [Bool](repeating: false, count: all.count)
          for code in codes.array where code >= 0 { occurs[Int(code)] = true }
          let names = all.names.indices.filter { occurs[$0] }.map { all[$0] }
          finding.width = names.map(\.utf8.count).max() ?? 0
          if levels.contains(name) { finding.levels = Set(names) }
        case .int64(let values): finding.isRounded = column.contains(values, where: { $0.magnitude > 1 << 53 })
        case .uint64(let values): finding.isRounded = column.contains(values, where: { $0 > 1 << 53 })
        default: break
        }
        findings[name] = finding
      }
      return (batch.rowCount, findings)
    }
  }
}

extension Column {
  /// Whether a value that is not missing meets a condition.
  fileprivate func contains<T>(_ values: Buffer<T>, where condition: (T) -> Bool) -> Bool {
    values.withUnsafeBufferPointer { values in
      values.indices.contains { condition(values[$0]) && validity?[$0] != false }
    }
  }
}
