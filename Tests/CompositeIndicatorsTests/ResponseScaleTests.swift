import Columnar
import CompositeIndicators
import Foundation
import Probability
import Streaming
import TestSupport
import Testing

/// Six items of four categories, parameters drawn at random; WLE by Newton in NumPy, confirmed by a bracketing solver.
enum SixItems {
  static let slopes = [
    0.9027790005723493, 1.0841726079153196, 1.7615293582476763, 1.4985944432772413, 0.9129543706884791,
    1.3197523282837684,
  ]
  static let thresholds = [
    [-2.019986129147251, -0.8652130762749417, -0.23193237764418947],
    [-0.3526307943415954, 0.22578661322792176, 3.3229995166448827],
    [-1.0551505512051214, -0.6680463461089501, -0.2812874181513504],
    [-0.39080097723465473, -0.2385536065733667, 0.48194538850678587],
    [-0.19980212906658, 0.024259565076664623, 0.9577587029597641],
    [-0.505228735614018, 0.5451055226876446, 1.545820851212812],
  ]

  static func scale(slopes: [Double] = slopes, estimator: ResponseScale.Estimator = .wle) -> ResponseScale {
    ResponseScale(
      "s", zip(zip(slopes, thresholds), 1...).map { ResponseItem("i\($1)", slope: $0.0, thresholds: $0.1) },
      estimator: estimator)
  }
}

/// Section 7 of the LSAT: 2PL, maximum marginal likelihood in NumPy with 61 points on [-6, 6].
enum LSAT7 {
  static let slopes = [
    0.9875458990453806, 1.0808371421974838, 1.7074776608414175, 0.7649898773509404, 0.7356727213876567,
  ]
  static let intercepts = [
    1.855855643849198, 0.8079695915989185, 1.8052062027731133, 0.4859998022115585, 1.8544575907604373,
  ]

  static let scale = ResponseScale(
    "ability",
    zip(zip(slopes, intercepts), 1...).map {
      ResponseItem("i\($1)", slope: $0.0, thresholds: [-$0.1 / $0.0])
    }, estimator: .eap)
}

@Suite struct ResponseScaleTests {
  @Test(arguments: [
    ([0, 0, 0, 0, 0, 0], -3.123699028262011, 1.3581419021059173),
    ([3, 3, 3, 3, 3, 3], 4.327136980667551, 1.729962494566821),
    ([0, 1, 2, 3, 1, 2], 0.008091454498760094, 0.3815575329097388),
    ([3, 0, 3, 0, 3, 0], -0.24385030505128086, 0.36754921340073055),
    ([3, 3, 3, 3, 3, 2], 2.3888374015405995, 0.9034706531383415),
    ([1, 0, 0, 0, 0, 0], -2.147148534160344, 0.7875854902630154),
  ])
  func weightedLikelihood(answers: [Int], theta: Double, error: Double) throws {
    let estimate = try #require(try ResponseScore(SixItems.scale()).estimate(answers))
    expectClose(estimate.theta, theta, relative: 1e-9, absolute: 1e-10)
    expectClose(estimate.standardError, error, relative: 1e-9)
  }

  @Test(arguments: [
    ([0, 0, 0, 0, 0, 0], -3.4941171857498747, 1.4624144365084544),
    ([0, 1, 2, 3, 1, 2], -0.09967691095917572, 0.45449515417854314),
    ([3, 2, 1, 0, 1, 2], -0.09967691095917568, 0.45449515417854314),
    ([3, 3, 3, 3, 3, 2], 2.790813987764234, 1.0490262545287525),
  ])
  func partialCredit(answers: [Int], theta: Double, error: Double) throws {
    let scale = SixItems.scale(slopes: Array(repeating: 1, count: 6))
    let estimate = try #require(try ResponseScore(scale).estimate(answers))
    expectClose(estimate.theta, theta, relative: 1e-9, absolute: 1e-10)
    expectClose(estimate.standardError, error, relative: 1e-9)
  }

  @Test(
    arguments: [
      ([1, 1, 1, 1, nil], 0.6836791096187667, 0.8074757064054566),
      ([1, nil, nil, nil, nil], 0.14915135142655223, 0.9488758242012993),
      ([0, 0, 0, 0, 0], -1.8697835593991743, 0.6926998913300366),
      ([1, 1, 1, 1, 1], 0.7271848515046283, 0.8009320623680891),
      ([nil, 1, 0, nil, 1], -0.5146905964434212, 0.7406004486432786),
    ] as [([Int?], Double, Double)])
  func expectedAPosteriori(answers: [Int?], theta: Double, error: Double) throws {
    let estimate = try #require(try ResponseScore(LSAT7.scale).estimate(answers))
    expectClose(estimate.theta, theta, relative: 1e-10)
    expectClose(estimate.standardError, error, relative: 1e-10)
  }

  /// All patterns of the reference file.
  @Test func everyReferencePattern() throws {
    guard let file = TestFiles.reference("indicators/wle_gpcm.json") else { return }
    let golden = try GoldenJSON(file)
    for (key, slopes) in [("wle", SixItems.slopes), ("wle_partial_credit_a_equal_1", Array(repeating: 1, count: 6))] {
      let score = try ResponseScore(SixItems.scale(slopes: slopes))
      for entry in golden[key].list {
        let estimate = try #require(score.estimate(try entry["x"].numbers.map { Int($0) }))
        expectClose(estimate.theta, try entry["theta"].number, relative: 1e-9, absolute: 1e-10)
        expectClose(estimate.standardError, try entry["se"].number, relative: 1e-9)
      }
    }
  }

  static func columns(_ scored: any Source, _ name: String = "s") throws -> ([Double], [Double]) {
    var (theta, error) = ([Double](), [Double]())
    for chunk in 0..<scored.chunkCount {
      let batch = try scored.chunk(chunk, [.number(name), .number(name + "_se")])
      theta += try batch.numbers(name).array
      error += try batch.numbers(name + "_se").array
    }
    return (theta, error)
  }

  /// Rows of a file get what their pattern gets: across chunks, with missing answers, reversed items and a lowest code.
  @Test func rowsAgreeWithPatterns() throws {
    let count = 140_000
    var scale = SixItems.scale()
    scale.minimum = 1
    scale.minimumItems = 2
    scale.items[2].isReversed = true
    scale.metric = ResponseScale.Moments(mean: 0.5, sd: 2)
    let answer = { (row: Int, item: Int) -> Int? in
      let x = (row &* 2_654_435_761 &+ item &* 40_503 &* (row % 7 + 1)) >> 7 % 5
      return x == 4 ? nil : x
    }
    let source = Table(
      (0..<6).map { item in
        ("i\(item + 1)", Column((0..<count).map { row in answer(row, item).map { Double($0 + 1) } ?? .nan }))
      })
    let score = try ResponseScore(scale)
    let (theta, error) = try Self.columns(try source.applying(score))
    for row in stride(from: 0, to: count, by: 997) {
      let answers = (0..<6).map { item in answer(row, item).map { item == 2 ? 3 - $0 : $0 } }
      let estimate = try ResponseScore(scale).estimate(answers)
      #expect(sameBits([theta[row], error[row]], [estimate?.theta ?? .nan, estimate?.standardError ?? .nan]))
    }
    #expect(theta.contains { $0.isNaN })
  }

  /// More items than digits of one key.
  @Test func longScales() throws {
    let items = (1...40).map { ResponseItem("i\($0)", slope: 1, thresholds: [-1, 0.5, 1]) }
    let source = Table(
      items.enumerated().map { index, item in
        (item.name, Column((0..<50).map { row in Double((row * (index + 3)) % 4) }))
      })
    let score = try ResponseScore(ResponseScale("s", items))
    let (theta, _) = try Self.columns(try source.applying(score))
    for row in 0..<50 {
      let estimate = score.estimate((0..<40).map { (row * ($0 + 3)) % 4 })
      #expect(theta[row] == estimate?.theta)
    }
  }

  @Test func groupsWithParametersOfTheirOwn() throws {
    var scale = SixItems.scale()
    scale.group = "country"
    scale.items[0].byGroup = ["DE": .init(slope: 2, thresholds: [-1, 0, 1])]
    let rows = Column(["DE", "FR", nil])
    let source = Table([("country", rows)] + (1...6).map { ("i\($0)", Column([1.0, 1, 1])) })
    let (theta, _) = try Self.columns(try source.applying(try ResponseScore(scale)))
    #expect(theta[1] == theta[2])
    #expect(theta[0] != theta[1])
    var german = SixItems.scale()
    german.items[0] = ResponseItem("i1", slope: 2, thresholds: [-1, 0, 1])
    #expect(theta[0] == (try ResponseScore(german).estimate([1, 1, 1, 1, 1, 1])?.theta))
  }

  /// Laws of the model: moving all thresholds moves θ, the order of items does not matter, a reversed item is its mirror.
  @Test func laws() throws {
    let answers = [0, 1, 2, 3, 1, 2]
    let base = try #require(try ResponseScore(SixItems.scale()).estimate(answers))
    var moved = SixItems.scale()
    for index in 0..<6 { moved.items[index].parameters.thresholds = SixItems.thresholds[index].map { $0 + 2 } }
    let shifted = try #require(try ResponseScore(moved).estimate(answers))
    expectClose(shifted.theta, base.theta + 2, relative: 1e-11)
    expectClose(shifted.standardError, base.standardError, relative: 1e-11)
    var turned = SixItems.scale()
    turned.items.reverse()
    let other = try #require(try ResponseScore(turned).estimate(answers.reversed()))
    expectClose(other.theta, base.theta, relative: 1e-10, absolute: 1e-12)
    var mirror = SixItems.scale()
    for index in 0..<6 { mirror.items[index].parameters.thresholds = SixItems.thresholds[index].reversed().map { -$0 } }
    let mirrored = try #require(try ResponseScore(mirror).estimate(answers.map { 3 - $0 }))
    expectClose(mirrored.theta, -base.theta, relative: 1e-10, absolute: 1e-12)
  }

  /// Thresholds need not ascend; extreme parameters still have a finite score.
  @Test func unusualItems() throws {
    let scale = ResponseScale(
      "s",
      [
        ResponseItem("a", slope: 40, thresholds: [2, -2, 30]), ResponseItem("b", slope: 0.01, thresholds: [-90, 70]),
      ])
    let score = try ResponseScore(scale)
    for a in 0..<4 {
      for b in 0..<3 {
        let estimate = try #require(score.estimate([a, b]))
        let isFinite = estimate.theta.isFinite && estimate.standardError.isFinite
        #expect(isFinite)
      }
    }
    #expect(score.estimate([nil, nil]) == nil)
  }

  @Test func contradictionsAreRefused() throws {
    func refusal(_ change: (inout ResponseScale) -> Void) -> ImmerseError? {
      var scale = SixItems.scale()
      change(&scale)
      return #expect(throws: ImmerseError.self) { try ResponseScore(scale) }
    }
    #expect(refusal { $0.items = [] }?.kind == .usage)
    #expect(refusal { $0.items[1].name = "i1" }?.kind == .usage)
    #expect(refusal { $0.items[3].parameters.thresholds = [] }?.variable == "i4")
    #expect(refusal { $0.items[3].parameters.slope = 0 }?.variable == "i4")
    #expect(refusal { $0.items[3].parameters.slope = .nan }?.variable == "i4")
    #expect(refusal { $0.items[3].parameters.thresholds[1] = .infinity }?.variable == "i4")
    #expect(refusal { $0.minimumItems = 7 }?.kind == .usage)
    #expect(refusal { $0.population.sd = 0 }?.kind == .usage)
    #expect(refusal { $0.items[0].byGroup = ["x": .init(thresholds: [0, 1, 2])] }?.variable == "i1")
  }

  @Test func answersOutsideTheCategoriesAreRefused() throws {
    for bad in [4.0, -1, 1.5, 1e300, .infinity] {
      let source = Table(
        (1...6).map { ("i\($0)", Column([0.0, 1, $0 == 5 ? bad : 2])) })
      let error = #expect(throws: ImmerseError.self) {
        try Self.columns(try source.applying(try ResponseScore(SixItems.scale())))
      }
      #expect(error?.variable == "i5")
      #expect(error?.row == 2)
      let isDiscreet = error.map { !$0.description.contains("\(bad)") } ?? false
      #expect(isDiscreet || bad == 4)
    }
  }

  /// Simulated answers come back: the WLE is nearly unbiased, and as precise as it says.
  @Test func recoversAbilities() throws {
    let count = 8_000
    let streams = RandomStreams(seed: 9, purpose: "abilities")
    let curves = zip(SixItems.slopes, SixItems.thresholds)
    var truth: [Double] = []
    var answers = [[Double]](repeating: [], count: 6)
    for person in 0..<count {
      var stream = streams[person]
      let theta = stream.normal()
      truth.append(theta)
      for (item, (slope, thresholds)) in curves.enumerated() {
        var (exponent, weights) = (0.0, [1.0])
        for threshold in thresholds {
          exponent += slope * (theta - threshold)
          weights.append(exp(exponent))
        }
        var cumulative: [Double] = []
        for weight in weights { cumulative.append((cumulative.last ?? 0) + weight) }
        answers[item].append(Double(stream.position(in: cumulative)))
      }
    }
    let source = Table(answers.enumerated().map { ("i\($0 + 1)", Column($1)) })
    let (theta, error) = try Self.columns(try source.applying(try ResponseScore(SixItems.scale())))
    let inside = (0..<count).filter { truth[$0].magnitude < 1 }
    let bias = inside.reduce(0) { $0 + theta[$1] - truth[$1] } / Double(inside.count)
    expectClose(bias, 0, absolute: 0.02)
    // The same simulation with a million persons, in NumPy: mean SE² and correlation with the truth.
    let squares = error.reduce(0) { $0 + $1 * $1 } / Double(count)
    expectClose(squares, 0.2755656753864387, relative: 0.03)
    let (mt, me) = (truth.reduce(0, +) / Double(count), theta.reduce(0, +) / Double(count))
    let cross = zip(truth, theta).reduce(0) { $0 + ($1.0 - mt) * ($1.1 - me) }
    let (vt, ve) = (
      truth.reduce(0) { $0 + ($1 - mt) * ($1 - mt) }, theta.reduce(0) { $0 + ($1 - me) * ($1 - me) }
    )
    expectClose(cross / (vt * ve).squareRoot(), 0.894191145079164, absolute: 0.006)
  }
}
