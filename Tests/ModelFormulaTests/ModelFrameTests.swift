import Columnar
import ModelFormula
import Streaming
import TestSupport
import Testing

/// Twelve rows: numbers x and z, categories a (2 levels), b (3) and g (3).
let table = Table([
  ("y", Column((0..<12).map { Double($0) })),
  ("x", Column((0..<12).map { Double($0 * $0) })),
  ("z", Column((0..<12).map { Double($0 % 5) })),
  ("a", Column((0..<12).map { $0 % 2 == 0 ? "a1" : "a2" })),
  ("b", Column((0..<12).map { ["b1", "b2", "b3"][$0 / 2 % 3] })),
  ("g", Column((0..<12).map { ["u", "v", "w"][$0 / 4] })),
])

func makeFrame(_ text: String, _ source: Table = table, weights: [String] = []) throws -> (ModelFrame, Batch) {
  let formula = try Formula(parsing: text)
  let requests = try formula.columnRequests + weights.map { .number($0) }
  let dataset = try Dataset(source, columns: requests, engine: Engine(threads: 1))
  let frame = try ModelFrame(formula, furtherNumbers: weights, profile: dataset.profile)
  return (frame, try dataset.chunk(0, requests))
}

func values(_ frame: ModelFrame, _ batch: Batch, _ column: Int, scale: ColumnScale = .identity) throws -> [Double] {
  let rows = try FrameRows(frame, batch)
  return Buffer<Double>(count: batch.rowCount) { target in
    guard let base = target.baseAddress else { return }
    rows.write(frame.columns[column], rows: 0..<batch.rowCount, scale: scale, to: base)
  }.array
}

@Suite struct ModelFrameTests {
  /// `colnames(model.matrix(...))` in R 4.2.2.
  @Test(arguments: [
    ("y ~ a + x", ["(Intercept)", "aa2", "x"]),
    ("y ~ a + x - 1", ["aa1", "aa2", "x"]),
    ("y ~ x + a + b - 1", ["x", "aa1", "aa2", "bb2", "bb3"]),
    ("y ~ a*x", ["(Intercept)", "aa2", "x", "aa2:x"]),
    ("y ~ a:x", ["(Intercept)", "aa1:x", "aa2:x"]),
    ("y ~ x + a:x", ["(Intercept)", "x", "x:aa2"]),
    ("y ~ a*b", ["(Intercept)", "aa2", "bb2", "bb3", "aa2:bb2", "aa2:bb3"]),
    ("y ~ b + a:b", ["(Intercept)", "bb2", "bb3", "bb1:aa2", "bb2:aa2", "bb3:aa2"]),
    ("y ~ a:b", ["(Intercept)", "aa1:bb1", "aa2:bb1", "aa1:bb2", "aa2:bb2", "aa1:bb3", "aa2:bb3"]),
    ("y ~ a:b - 1", ["aa1:bb1", "aa2:bb1", "aa1:bb2", "aa2:bb2", "aa1:bb3", "aa2:bb3"]),
    ("y ~ x:z + I(x^2)", ["(Intercept)", "I(x^2)", "x:z"]),
    (
      "y ~ factor(z)",
      ["(Intercept)", "factor(z)1", "factor(z)2", "factor(z)3", "factor(z)4"]
    ),
  ])
  func columnNamesAreThoseOfR(text: String, names: [String]) throws {
    let (frame, _) = try makeFrame(text)
    #expect(frame.fixed.map { frame.columns[$0].name } == names)
  }

  @Test func columnsHoldProductsOfNumbersAndIndicators() throws {
    let (frame, batch) = try makeFrame("y ~ a*x + I(x^2) + (1 + x | g)")
    #expect(frame.columns.map(\.name) == ["(Intercept)", "aa2", "x", "I(x^2)", "aa2:x", "y"])
    #expect(frame.random[0].columns == [0, 2])
    let indicator = try values(frame, batch, 1)
    let indicatorExpected: [Double] = (0..<12).map { Double($0 % 2) }
    #expect(indicator == indicatorExpected)
    let product = try values(frame, batch, 4)
    let productExpected: [Double] = (0..<12).map { Double($0 % 2 * $0 * $0) }
    #expect(product == productExpected)
    let square = try values(frame, batch, 3)
    let squareExpected: [Double] = (0..<12).map { Double($0 * $0 * $0 * $0) }
    #expect(square == squareExpected)
    let scaled = try values(frame, batch, 2, scale: ColumnScale(shift: 1, scale: 2))
    let scaledExpected: [Double] = (0..<12).map { Double($0 * $0 - 1) / 2 }
    #expect(scaled == scaledExpected)
  }

  @Test func aGroupOfNumbersStaysANumberAmongTheCovariates() throws {
    let (frame, batch) = try makeFrame("y ~ z + (1 | z)")
    #expect(frame.fixed.map { frame.columns[$0].name } == ["(Intercept)", "z"])
    #expect(frame.groups[0].levels.names == ["0", "1", "2", "3", "4"])
    let numbers = try values(frame, batch, frame.fixed[1])
    let numbersExpected: [Double] = (0..<12).map { Double($0 % 5) }
    #expect(numbers == numbersExpected)
  }

  @Test func incompleteRowsAreCountedByTheFirstVariableTheyLack() throws {
    let holes = Table([
      ("y", Column([1, .nan, 3, 4, 5, 6])), ("x", Column([1, .nan, .nan, 4, 5, 6])),
      ("g", Column(["u", "u", "v", nil, "v", "v"])), ("w", Column([1, 1, 1, 1, .nan, 1])),
    ])
    let (frame, batch) = try makeFrame("y ~ x + (1 | g)", holes, weights: ["w"])
    var missing = [Int](repeating: 0, count: frame.variableNames.count)
    let kept = try FrameRows(frame, batch).completeRows(in: 0..<6, missing: &missing)
    #expect(kept == [0, 5])
    #expect(frame.variableNames == ["y", "x", "g", "w"])
    #expect(missing == [1, 1, 1, 1])
    let first = try FrameRows(frame, batch).completeRows(in: 0..<1, missing: &missing)
    #expect(first == nil)
  }

  @Test func scalesComeFromTheProfile() throws {
    let (frame, _) = try makeFrame("y ~ a*x + I(x^2) + (1 | g)")
    let scales = try frame.provisionalScales()
    let x = (0..<12).map { Double($0 * $0) }
    let mean = x.reduce(0, +) / 12
    let deviation = (x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 11).squareRoot()
    let position = try #require(frame.columns.firstIndex { $0.name == "x" })
    expectClose(scales[position].shift, mean)
    expectClose(scales[position].scale, deviation)
    let square = try #require(frame.columns.firstIndex { $0.name == "I(x^2)" })
    expectClose(scales[square].shift, mean * mean)
    let product = try #require(frame.columns.firstIndex { $0.name == "aa2:x" })
    expectClose(scales[product].shift, 0, absolute: 1e-12)
    expectClose(scales[product].scale, (mean * mean + deviation * deviation).squareRoot())
    #expect(scales[frame.fixed[0]] == .identity)
  }

  @Test func unusableColumnsAreNamed() throws {
    let constant = Table([
      ("y", Column([1, 2])), ("a", Column(["only", "only"])), ("t", Column(["u", "v"])),
      ("x", Column([1, .infinity])), ("g", Column(["u", "v"])),
    ])
    var error = #expect(throws: ImmerseError.self) { try makeFrame("y ~ a + (1 | g)", constant) }
    #expect(error?.kind == .badData && error?.variable == "a")
    error = #expect(throws: ImmerseError.self) { try makeFrame("t ~ 1 + (1 | g)", constant) }
    #expect(error?.kind == .badData && error?.variable == "t")
    error = #expect(throws: ImmerseError.self) { try makeFrame("y ~ nowhere + (1 | g)", constant) }
    #expect(error?.kind == .badData && error?.variable == "nowhere")
    let (frame, batch) = try makeFrame("y ~ x + (1 | g)", constant)
    var missing = [Int](repeating: 0, count: frame.variableNames.count)
    error = #expect(throws: ImmerseError.self) {
      try FrameRows(frame, batch).completeRows(in: 0..<2, missing: &missing)
    }
    #expect(error?.kind == .badData && error?.variable == "x")
  }
}
