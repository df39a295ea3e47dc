import Columnar
import LinearAlgebra
import ModelFormula
import Numerics
import Streaming

/// A regression made concrete for one dataset: which columns of its frame take part, how they are shifted and scaled, and
/// what stands for the response.
struct ModelDesign: Sendable {
  enum Response: Sendable {
    case number
    /// The score of the number's rank.
    case rankScore(RankScores)
    /// The place of a category among those that occur, counted from 0; −1 by code for those that do not.
    case place(String, byCode: [Int32])
  }

  let frame: ModelFrame
  let family: ModelFamily
  /// Positions in the frame's columns.
  private(set) var columns: [Int]
  /// By column.
  private(set) var scales: [ColumnScale]
  private(set) var response = Response.number
  /// The names of the cut points of an ordinal response; else empty.
  private(set) var thresholds: [String] = []

  /// - Throws: `usage` for a formula that is none, `badData` where a column does not hold what its use needs.
  init(_ request: EstimateRequest, _ profile: Profile) throws(ImmerseError) {
    let text = ModelText(request)
    frame = try ModelFrame(try text.formula(profile), profile: profile)
    family = request.family
    let frame = frame
    columns = frame.fixed
    scales = try frame.fixed.map { index throws(ImmerseError) in try frame.provisionalScales()[index] }
    if family == .ordinal {
      // The cut points take the intercept's place.
      keep { !frame.columns[$0].isIntercept }
      let name = try text.responseColumn
      response = .place(name, byCode: (profile.levels[name]?.names ?? []).indices.map { Int32($0) })
    } else {
      shiftOnlyBesideAnIntercept()
    }
  }

  private mutating func shiftOnlyBesideAnIntercept() {
    if intercept != nil { return }
    for index in scales.indices { scales[index].shift = 0 }
  }

  /// The position of the intercept among the columns.
  var intercept: Int? { columns.firstIndex { frame.columns[$0].isIntercept } }

  var parameterCount: Int { columns.count + thresholds.count }

  /// The parameters' names, as R prints them.
  var names: [String] { columns.map { frame.columns[$0].name } + thresholds }

  /// The terms that the columns belong to, each once.
  var terms: [String] {
    columns.map { frame.columns[$0].term }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The positions of the parameters that belong to some terms of the formula.
  func parameters(of terms: [String]) -> [Int] {
    columns.indices.filter { terms.contains(frame.columns[columns[$0]].term) }
  }

  /// The design without some of its columns, over the same rows.
  func without(_ parameters: [Int]) -> ModelDesign {
    var design = self
    let left = Set(parameters.map { columns[$0] })
    design.keep { !left.contains($0) }
    if family != .ordinal { design.shiftOnlyBesideAnIntercept() }
    return design
  }

  func ranked(by scores: RankScores) -> ModelDesign {
    var design = self
    design.response = .rankScore(scores)
    return design
  }

  /// The design once the response's distribution is known, and the parameters to start from; nil where they follow from the
  /// response itself.
  ///
  /// - Throws: `badData` for an ordinal response with a single level.
  func started(
    _ context: ModelContext, _ dataset: Dataset, _ engine: Engine
  ) throws(ImmerseError) -> (design: ModelDesign, start: [Double]?) {
    guard case .place(let name, let codes) = response else { return (self, nil) }
    let distribution = try dataset.fit(ResponseFit(context: context, design: self), with: engine)
    guard distribution.count > 1 else {
      throw ImmerseError(
        .badData, "has fewer than two levels in the rows of the model", variable: name,
        remedy: "an ordinal response needs at least two")
    }
    let levels = (dataset.profile.levels[name]?.names ?? [])
    let occurring = distribution.map { Int($0.value) }
    let places = Dictionary(uniqueKeysWithValues: occurring.enumerated().map { ($1, Int32($0)) })
    var design = self
    design.response = .place(name, byCode: codes.indices.map { places[$0] ?? -1 })
    design.thresholds = zip(occurring, occurring.dropFirst()).map { "\(levels[$0])|\(levels[$1])" }
    let sum = distribution.reduce(0) { $0 + $1.weight }
    var below = 0.0
    let cuts = distribution.dropLast().map { level in
      below += level.weight
      return Double.log(below / (sum - below))
    }
    return (design, columns.map { _ in 0 } + cuts)
  }

  private mutating func keep(_ belongs: (Int) -> Bool) {
    let kept = columns.indices.filter { belongs(columns[$0]) }
    columns = kept.map { columns[$0] }
    scales = kept.map { scales[$0] }
  }

  /// Turns the parameters of the scaled columns into those of the columns as they are.
  var unscaling: Matrix {
    var map = Matrix.identity(parameterCount)
    for (index, scale) in scales.enumerated() {
      map[index, index] = 1 / scale.scale
      let shift = scale.shift / scale.scale
      if let intercept, index != intercept { map[intercept, index] = -shift }
      for threshold in columns.count..<parameterCount { map[threshold, index] = shift }
    }
    return map
  }
}
