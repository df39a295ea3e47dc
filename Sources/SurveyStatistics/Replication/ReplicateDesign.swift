import Columnar

/// Replicate weights by which variances are estimated, in place of strata and sampling units.
///
/// Either the data hold the replicates, as columns of full weights, or they are made of the design's strata and sampling
/// units, without ever being written out.
public struct ReplicateDesign: Sendable, Hashable, Codable {
  /// Columns of replicate weights, also as ranges such as `rw1-rw80`; empty where they are made of the design.
  public var columns: [String]
  public var method: ReplicateMethod
  /// What multiplies the sum of squared deviations; by default what the method says.
  public var scale: Double?
  /// One a replicate; by default 1, and for `jkn` what the replicates' own weights say.
  public var rscales: [Double]?
  /// Deviations from the full-sample estimate in place of the mean of the replicates.
  public var mse: Bool
  /// How many to make, and of which seed, where the data hold none.
  public var count: Int?
  public var seed: UInt64
  /// A column whose levels are samples of their own, such as countries: replicates of different levels have nothing to
  /// do with each other, whatever their numbers.
  public var independent: String?
  /// The scale of each level of that column, where they differ.
  public var scales: [String: Double]?
  /// For `jk2` replicates made of the design: the units of a zone are coded 0 and 1, and the code says which counts twice.
  public var halves: Halves?

  public enum Halves: String, Sendable, Hashable, Codable, CaseIterable {
    /// One replicate a zone, in which the unit coded 1 counts twice.
    case one
    /// Another besides, in which the unit coded 0 does; the scale is then one half.
    case both
  }

  public init(
    _ method: ReplicateMethod, columns: [String] = [], scale: Double? = nil, rscales: [Double]? = nil,
    mse: Bool = false, count: Int? = nil, seed: UInt64 = 1, independent: String? = nil, scales: [String: Double]? = nil,
    halves: Halves? = nil
  ) {
    self.method = method
    self.columns = columns
    self.scale = scale
    self.rscales = rscales
    self.mse = mse
    self.count = count
    self.seed = seed
    self.independent = independent
    self.scales = scales
    self.halves = halves
  }

  enum CodingKeys: String, CodingKey {
    case columns, method, scale, rscales, mse, count, seed, independent, scales, halves
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(ReplicateMethod.self, forKey: .method),
      columns: try container.decodeIfPresent([String].self, forKey: .columns) ?? [],
      scale: try container.decodeIfPresent(Double.self, forKey: .scale),
      rscales: try container.decodeIfPresent([Double].self, forKey: .rscales),
      mse: try container.decodeIfPresent(Bool.self, forKey: .mse) ?? false,
      count: try container.decodeIfPresent(Int.self, forKey: .count),
      seed: try container.decodeIfPresent(UInt64.self, forKey: .seed) ?? 1,
      independent: try container.decodeIfPresent(String.self, forKey: .independent),
      scales: try container.decodeIfPresent([String: Double].self, forKey: .scales),
      halves: try container.decodeIfPresent(Halves.self, forKey: .halves))
  }

  /// Whether the data hold the replicates.
  var isGiven: Bool { !columns.isEmpty }

  var centre: ReplicateVariance.Centre { mse ? .estimate : .replicateMean }

  /// - Throws: `usage` where the columns are no ranges.
  var columnNames: [String] { get throws(ImmerseError) { try ColumnRange.names(columns) } }

  /// Whether the scales have to be read from the weights: the jackknife of strata, of which nobody says how large they
  /// are.
  var infersScales: Bool { isGiven && method == .jkn && scale == nil && rscales == nil }

  /// How replicate estimates become a variance, where the request alone says so.
  ///
  /// - Throws: `usage` where scales are missing, or are not one a replicate.
  func variance(count: Int) throws(ImmerseError) -> ReplicateVariance {
    if let rscales {
      guard rscales.count == count, rscales.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
        throw ImmerseError(
          .usage, "\(rscales.count) rscales for \(count) replicates",
          remedy: "give each replicate a scale of zero or more")
      }
    }
    guard let scale = scale ?? scales?.values.max() ?? (rscales == nil ? method.scale(count: count) : 1), scale > 0,
      scale.isFinite
    else {
      throw ImmerseError(
        .usage, "the scale of \(count) \(method.name) replicates is not known",
        remedy: "give it with --scale or --rscales")
    }
    return ReplicateVariance(
      scale: scale, scales: rscales ?? [Double](repeating: 1, count: count), centre: centre)
  }

  /// - Throws: `usage` where the design says two things.
  func validate(_ design: SurveyDesign) throws(ImmerseError) {
    let names = try columnNames
    if isGiven {
      guard design.strata.isEmpty, design.psu.isEmpty, design.fpc.isEmpty else {
        throw ImmerseError(
          .usage, "replicate weights already hold strata, sampling units and population sizes",
          variable: (design.strata + design.psu + design.fpc).first,
          remedy: "give either --replicates or --strata, --psu and --fpc")
      }
      guard let weights = design.weights else {
        throw ImmerseError(.usage, "replicate weights need those of the full sample", remedy: "give --weights")
      }
      guard !names.contains(weights) else {
        throw ImmerseError(.usage, "is both the weight of the full sample and a replicate", variable: weights)
      }
      guard names.count > 1 else {
        throw ImmerseError(
          .usage, "a single replicate has no spread", variable: names[0],
          remedy: "name all replicates, as rw1-rw80")
      }
      if count != nil {
        throw ImmerseError(
          .usage, "the replicates are given, so no number of them can be asked for", remedy: "leave out --count")
      }
      if !infersScales { _ = try variance(count: names.count) }
    } else {
      guard scale == nil, rscales == nil else {
        throw ImmerseError(
          .usage, "replicates that are made of the design have their own scale",
          remedy: "name the columns with --replicates, or leave out --scale and --rscales")
      }
      if let count, !(1...10_000).contains(count) {
        throw ImmerseError(.usage, "\(count) replicates", remedy: "ask for 1 to 10,000")
      }
    }
  }

  var recipe: ReplicateRecipe {
    ReplicateRecipe(method: method, count: count, seed: seed, centre: centre, halves: halves)
  }
}
