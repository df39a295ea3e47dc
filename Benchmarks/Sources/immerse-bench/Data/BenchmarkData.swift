import DataFormats
import Foundation
import ImmerseStats

/// The benchmark survey of some number of rows, in files that are written once, or in memory only.
struct BenchmarkData {
  enum Place {
    /// A folder that keeps the files between runs.
    case cache(String)
    /// Nothing is written before a suite asks for a file, and then to this folder.
    case memory(scratch: String)
  }

  let rows: Int
  let place: Place
  let engine: Engine

  /// The sizes for which results are published.
  static let publishedRows = [24_420, 73_600, 612_004, 5_000_000]

  var folder: String {
    switch place {
    case .cache(let folder), .memory(let folder): folder
    }
  }

  func path(_ fileExtension: String) -> String { "\(folder)/survey-\(rows).\(fileExtension)" }

  /// The file of that format, written where it is not there yet.
  func file(_ fileExtension: String) throws -> String {
    let path = path(fileExtension)
    if !FileManager.default.fileExists(atPath: path) {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      FileHandle.standardError.write(Data("writing \(path)\n".utf8))
      try DataFile.write(try BenchmarkSurvey(rows: rows), to: path, engine: engine)
    }
    return path
  }

  /// Some columns in memory: numbers as Float64, categories as codes into levels.
  func table(_ columns: [ColumnRequest]) throws -> Table {
    let source: any Source
    if columns.allSatisfy({ BenchmarkSurvey.columns.contains($0.name) }) {
      switch place {
      case .cache: source = try DataFile.open(try file("arrow"))
      case .memory: source = try BenchmarkSurvey(rows: rows)
      }
    } else {
      source = try BenchmarkAssessment.source(rows: rows)
    }
    var engine = engine
    engine.memoryLimit = .max
    let dataset = try Dataset(source, columns: columns, engine: engine)
    let batches = try (0..<dataset.chunkCount).map { try dataset.chunk($0, columns) }
    return Table(
      columns.map { request in
        let parts = batches.compactMap { $0[request.name] }
        guard request.kind == .category, let levels = dataset.profile.levels[request.name] else {
          return (request.name, Column(.float64(Buffer(joining: parts.compactMap(\.numbers)))))
        }
        return (request.name, Column(.category(Buffer(joining: parts.map(\.categories.codes)), levels)))
      }, name: "survey-\(rows)")
  }

  /// Known totals for the first classifications: those of the sample, weighted and pulled apart by up to a tenth.
  func margins(_ count: Int) throws -> [Margin] {
    let names = Array(BenchmarkSurvey.classifications.prefix(count))
    let table = try table([.number("weight")] + names.map { .category($0) })
    let weights = try table.batch.numbers("weight")
    let sum = weights.array.reduce(0, +)
    var margins: [Margin] = []
    for name in names {
      let categories = try table.batch.categories(name)
      var totals = [Double](repeating: 0, count: categories.levels.count)
      for row in 0..<weights.count { totals[Int(categories.codes[row])] += weights[row] }
      for level in totals.indices { totals[level] *= level.isMultiple(of: 2) ? 1.1 : 0.95 }
      let scale = sum / totals.reduce(0, +)
      margins += totals.indices.map {
        Margin(variable: name, category: categories.levels[$0], total: totals[$0] * scale)
      }
    }
    return margins
  }

  /// The margins as a file, for peers.
  func marginsFile(_ count: Int) throws -> String {
    let path = "\(folder)/survey-\(rows).margins\(count).csv"
    if !FileManager.default.fileExists(atPath: path) {
      let lines = try margins(count).map { "\($0.variable),\($0.category),\($0.total)" }
      let text = (["variable,category,total"] + lines).joined(separator: "\n") + "\n"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
    return path
  }
}

extension Buffer {
  /// The elements of several buffers, end to end.
  init(joining parts: [Buffer<Element>]) {
    self.init(count: parts.reduce(0) { $0 + $1.count }) { target in
      var next = 0
      for part in parts {
        part.withUnsafeBufferPointer { source in
          guard let base = source.baseAddress else { return }
          target.baseAddress?.advanced(by: next).initialize(from: base, count: source.count)
        }
        next += part.count
      }
    }
  }
}
