public import Columnar
public import Streaming

/// The rules by which a large-scale assessment publishes its figures: which columns hold weights and replicates, how
/// replicates become a variance, and how plausible values enter.
///
/// Written `pisa`, `timss`, `pirls`, `iccs`, `icils`, `talis` or `piaac`, with a year where rules have changed: `timss-2011`,
/// `pisa-2003`.
///
/// | programme | replicates | scale | sampling variance |
/// |---|---|---|---|
/// | PISA | 80, Fay 0.5 | 1/20 | mean over plausible values |
/// | TALIS | 100, Fay 0.5 | 1/25 | no plausible values |
/// | TIMSS, PIRLS from 2015 | both halves of each zone | 1/2 | mean over plausible values |
/// | TIMSS, PIRLS before 2015 | one half of each zone | 1 | of the first plausible value |
/// | ICCS, ICILS | 75, one half of each zone | 1 | mean over plausible values |
/// | PIAAC | 80, as the country's `VEMETHODN` says | its | mean over plausible values |
///
/// Deviations are always from the full-sample estimate of the same plausible value. Countries are independent samples, so
/// that an average over them has the standard error √(Σ SE²)/n of the official averages.
public struct AssessmentPreset: Sendable, Hashable {
  public enum Programme: String, Sendable, Hashable, CaseIterable {
    case pisa, timss, pirls, iccs, icils, talis, piaac
  }

  public var programme: Programme
  /// Nil for the rules of the last cycle.
  public var year: Int?

  public init(_ programme: Programme, year: Int? = nil) {
    self.programme = programme
    self.year = year
  }

  /// - Throws: `usage` for a text that names no programme.
  public init(_ text: String) throws(ImmerseError) {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let programme = Programme(rawValue: String(parts[0])), parts.count == 1 || Int(parts[1]) != nil else {
      let known = Programme.allCases.map(\.rawValue).joined(separator: ", ")
      throw ImmerseError(
        .usage, "there is no preset \"\(text)\"", remedy: "they are \(known), with a year where wanted: timss-2011")
    }
    self.init(programme, year: parts.count == 2 ? Int(parts[1]) : nil)
  }

  public var name: String { programme.rawValue + (year.map { "-\($0)" } ?? "") }

  /// The request under the programme's rules; what the request itself names of weights and plausible values stays.
  ///
  /// The columns of the data tell cycles apart that call them differently; for PIAAC rows are read too, to know each
  /// country's method.
  ///
  /// - Throws: `usage` where the request brings its own design, `badData` where the data lack the programme's columns.
  public func apply(to request: EstimateRequest, of source: any Source) throws(ImmerseError) -> EstimateRequest {
    let columns = source.columnNames
    let design = request.design
    guard design.replicates == nil, design.strata.isEmpty, design.psu.isEmpty, design.fpc.isEmpty else {
      throw ImmerseError(
        .usage, "the preset \(name) already says how variances are estimated",
        remedy: "leave out --replicates, --strata, --psu and --fpc, or the preset")
    }
    let names = ColumnNames(columns)
    var result = request
    result.design = try self.design(names, weights: design.weights.map { [$0] } ?? [])
    if let weights = design.weights { result.design.weights = weights }
    if let independent = names.first(countries) { result.design.replicates?.independent = independent }
    if programme == .piaac {
      result.design.replicates?.scales = try PIAACScales(source, names, country: countries).byCountry
    }
    // The programmes take a quantile's variance from the quantiles of the replicates.
    if result.kind == .quantile && result.interval == .mean { result.interval = .quantile }
    result.samplingVariance = isBefore2015 ? .first : .average
    for variable in Imputations.names(request).sorted()
    where !columns.contains(variable) && !result.plausible.contains(where: { $0.name == variable }) {
      if let found = plausibleValues(variable, names) {
        try checkCount(found)
        result.plausible.append(found)
      }
    }
    return result
  }

  private var isBefore2015: Bool {
    [.timss, .pirls].contains(programme) && (year ?? 2015) < 2015
  }

  private var countries: [String] {
    switch programme {
    case .pisa: ["CNT", "COUNTRY"]
    case .timss, .pirls, .iccs, .icils: ["IDCNTRY", "CNTRY", "COUNTRY"]
    case .talis: ["IDCNTRY", "CNTRY"]
    case .piaac: ["CNTRYID", "CNTRY"]
    }
  }

  // MARK: Weights and replicates

  private func design(_ names: ColumnNames, weights own: [String]) throws(ImmerseError) -> SurveyDesign {
    switch programme {
    case .pisa:
      let replicates = names.range(["W_FSTURWT", "W_FSTR"], count: 80)
      return try given(names, own + ["W_FSTUWT", "weight"], replicates, .fay(0.5), "W_FSTURWT1 to W_FSTURWT80")
    case .talis:
      for (weight, prefix) in [("TCHWGT", "TRWGT"), ("SCHWGT", "SRWGT")] where names.first([weight]) != nil {
        return try given(
          names, own + [weight], names.range([prefix], count: 100), .fay(0.5), "\(prefix)1 to \(prefix)100")
      }
      return try given(names, own + ["TCHWGT"], nil, .fay(0.5), "TRWGT1 to TRWGT100")
    case .piaac:
      return try given(names, own + ["SPFWT0"], names.range(["SPFWT"], count: 80), .other, "SPFWT1 to SPFWT80")
    case .iccs, .icils:
      for (weight, prefix) in [("TOTWGTS", "SRWGT"), ("TOTWGTT", "TRWGT"), ("TOTWGTC", "CRWGT")]
      where names.first([weight]) != nil {
        if let replicates = names.range([prefix], count: 75) {
          return try given(names, own + [weight], replicates, .jk2, "\(prefix)1 to \(prefix)75")
        }
      }
      return try zones(names, own + ["TOTWGTS", "TOTWGTT"], ["JKZONES", "JKZONET"], ["JKREPS", "JKREPT"], .one)
    case .timss, .pirls:
      return try zones(names, own + ["TOTWGT"], ["JKZONE"], ["JKREP"], isBefore2015 ? .one : .both)
    }
  }

  private func given(
    _ names: ColumnNames, _ weights: [String], _ replicates: [String]?, _ method: ReplicateMethod, _ wanted: String
  ) throws(ImmerseError) -> SurveyDesign {
    guard let replicates else { throw missing(wanted) }
    return SurveyDesign(
      weights: try require(names, weights), replicates: ReplicateDesign(method, columns: replicates, mse: true))
  }

  private func zones(
    _ names: ColumnNames, _ weights: [String], _ zone: [String], _ half: [String], _ halves: ReplicateDesign.Halves
  ) throws(ImmerseError) -> SurveyDesign {
    SurveyDesign(
      weights: try require(names, weights), strata: [try require(names, zone)], psu: [try require(names, half)],
      replicates: ReplicateDesign(.jk2, mse: true, halves: halves))
  }

  private func require(_ names: ColumnNames, _ candidates: [String]) throws(ImmerseError) -> String {
    guard let name = names.first(candidates) else { throw missing(candidates.first ?? "its weights") }
    return name
  }

  private func missing(_ column: String) -> ImmerseError {
    ImmerseError(
      .badData, "the preset \(name) looks for \(column), which the data do not have",
      remedy: "check the file, or describe the design with --weights and --replicates")
  }

  // MARK: Plausible values

  /// The columns of a quantity that is no column itself: `PV1MATH`, `ASMMAT01` or `PVLIT1` and so on.
  private func plausibleValues(_ variable: String, _ names: ColumnNames) -> PlausibleValues? {
    let stems = [variable] + (AssessmentPreset.stems[programme]?[variable.lowercased()] ?? [])
    let patterns: [(String, Int) -> String] = [
      { "PV\($1)\($0)" }, { "\($0)0\($1)" }, { "PV\($0)\($1)" }, { "\($0)\($1)" },
    ]
    for stem in stems {
      for pattern in patterns {
        var found: [String] = []
        while let name = names.first([pattern(stem, found.count + 1)]) { found.append(name) }
        if found.count > 1 { return PlausibleValues(variable, columns: found) }
      }
    }
    return nil
  }

  /// What the scales are called in files whose columns do not say it.
  private static let stems: [Programme: [String: [String]]] = [
    .timss: [
      "math": ["ASMMAT", "BSMMAT"], "mathematics": ["ASMMAT", "BSMMAT"], "scie": ["ASSSCI", "BSSSCI"],
      "science": ["ASSSCI", "BSSSCI"],
    ],
    .pirls: ["read": ["ASRREA"], "reading": ["ASRREA"]],
  ]

  /// PISA had five plausible values up to 2012 and has ten since.
  private func checkCount(_ values: PlausibleValues) throws(ImmerseError) {
    guard programme == .pisa, let year else { return }
    let (found, expected) = (values.nests[0].count, year < 2015 ? 5 : 10)
    guard found == expected else {
      throw ImmerseError(
        .badData, "\(found) plausible values, where PISA \(year) has \(expected)", variable: values.name,
        remedy: "check the year of the preset, or name the columns with --plausible")
    }
  }
}

extension AssessmentPreset: Codable, Spelled {
  public static let example = "pisa"

  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
