import Columnar

/// Units drawn without replacement with probabilities of their own, such as schools in proportion to their size; the FPC
/// columns then hold each unit's inclusion probability.
public struct UnequalProbabilities: Sendable, Hashable, Codable {
  /// Where the probabilities that two units are both drawn come from.
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// They are not needed: V = Σ (1 − π_i) n/(n − 1) (z_i − z̄)² (Brewer 2002, Combined Survey Sampling Inference,
    /// chapter 9). At any number of stages.
    case brewer
    /// π_ij = 2 (n − 1) π_i π_j / (2n − π_i − π_j) (Overton 1985).
    case overton
    /// Of randomised systematic sampling (Hartley and Rao 1962, Annals of Mathematical Statistics 33, 350-374).
    case hartleyRao = "hartley-rao"
    /// Given, row by row.
    case joint
  }

  /// How pairs of units make up the variance.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// Σ_ij D_ij z_i z_j (Horvitz and Thompson 1952).
    case horvitzThompson = "ht"
    /// −½ Σ_ij D_ij (z_i − z_j)², for samples of fixed size (Yates and Grundy 1953; Sen 1953).
    case yatesGrundy = "yg"
  }

  public var method: Method
  public var form: Form
  /// For Hartley and Rao, Σ p² of the population over the sample's size; by default Σ π of the sample over it.
  public var sumOfSquares: Double?
  /// Joint inclusion probabilities, in the order of the rows, with the units' own on the diagonal.
  public var joint: [[Double]]?
  /// A file that holds them, for those who read files.
  public var jointFile: String?

  public init(
    _ method: Method, form: Form = .horvitzThompson, sumOfSquares: Double? = nil, joint: [[Double]]? = nil
  ) {
    self.method = method
    self.form = form
    self.sumOfSquares = sumOfSquares
    self.joint = joint
  }

  enum CodingKeys: String, CodingKey {
    case method
    case form = "variance"
    case sumOfSquares = "sum_of_squares"
    case joint
    case jointFile = "joint_file"
  }

  /// An object, or the name of a method alone.
  public init(from decoder: any Decoder) throws {
    if let method = try? decoder.singleValueContainer().decode(Method.self) {
      self.init(method)
      return
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(Method.self, forKey: .method),
      form: try container.decodeIfPresent(Form.self, forKey: .form) ?? .horvitzThompson,
      sumOfSquares: try container.decodeIfPresent(Double.self, forKey: .sumOfSquares),
      joint: try container.decodeIfPresent([[Double]].self, forKey: .joint))
    jointFile = try container.decodeIfPresent(String.self, forKey: .jointFile)
  }

  /// - Throws: `usage` where the design does not fit the method.
  func validate(_ design: SurveyDesign) throws(ImmerseError) {
    guard !design.fpc.isEmpty else {
      throw ImmerseError(
        .usage, "unequal probabilities without replacement need the units' inclusion probabilities",
        remedy: "name their column with --fpc, one a stage")
    }
    guard design.replicates == nil else {
      throw ImmerseError(
        .usage, "replicates of samples with unequal probabilities without replacement are not made",
        remedy: "leave out --pps, which takes the units as drawn with replacement, or the replicates")
    }
    if method == .brewer { return }
    guard design.stageCount == 1 else {
      throw ImmerseError(
        .usage, "joint probabilities are those of a sample in one stage", variable: design.psu.last,
        remedy: "use brewer for several")
    }
    guard ![.adjust, .average].contains(design.lonelyPSU) else {
      throw ImmerseError(
        .usage, "--lonely-psu \(design.lonelyPSU.rawValue) has no meaning for joint probabilities",
        remedy: "choose certainty or remove, or use brewer")
    }
    if let sumOfSquares, method != .hartleyRao || !(sumOfSquares > 0 && sumOfSquares.isFinite) {
      throw ImmerseError(.usage, "a sum of squares is a positive number, and belongs to hartley-rao")
    }
    guard method == .joint else { return }
    guard let joint else {
      throw ImmerseError(
        .usage, "no joint probabilities are given", remedy: "name a file that holds them, as --pps joint=FILE")
    }
    guard design.psu.isEmpty, joint.allSatisfy({ $0.count == joint.count }) else {
      throw ImmerseError(
        .usage,
        design.psu.isEmpty ? "the joint probabilities are no square table" : "joint probabilities are those of rows",
        variable: design.psu.first, remedy: "give one row and one column for every row of the data, in their order")
    }
    for (i, row) in joint.enumerated() {
      for (j, value) in row.enumerated() where !(value > 0 && value <= 1) || value != joint[j][i] {
        throw ImmerseError(
          .badData, "the joint probability of rows \(i + 1) and \(j + 1) is not one above 0, the same both ways",
          remedy: "for designs in which some pairs cannot occur together there is no unbiased variance; use brewer")
      }
    }
  }
}
