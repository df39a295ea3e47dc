public import Columnar
public import Streaming

/// Weights that reproduce known totals of several categorical variables.
public enum Weighting {
  /// The columns raking needs.
  ///
  /// - Throws: `usage` or `badData` where request and margins contradict themselves.
  public static func columns(_ request: RakeRequest) throws(ImmerseError) -> [ColumnRequest] {
    try request.validate()
    return request.classifiers.map { .category($0) } + (request.weights.map { [.number($0)] } ?? [])
  }

  /// The fit that rakes, for a pass shared with others.
  ///
  /// - Throws: `usage` or `badData` where request and margins contradict themselves.
  public static func fit(_ request: RakeRequest, of dataset: Dataset) throws(ImmerseError) -> some Fit<RakeModel> {
    try request.validate()
    return try CellsFit(request, dataset.profile)
  }

  /// Rakes the weights of a source.
  ///
  /// - Throws: `badData` where the margins contradict the data, each other, or cannot all be met.
  /// - Complexity: One pass over the rows; the iterations run on the cells of the cross-classification.
  public static func rake(
    _ request: RakeRequest, on source: any Source, engine: Engine = Engine()
  ) throws(ImmerseError) -> RakeModel {
    let dataset = try Dataset(source, columns: try columns(request), engine: engine)
    return try dataset.fit(try fit(request, of: dataset), with: engine)
  }
}
