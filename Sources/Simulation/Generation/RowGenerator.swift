import Columnar

/// Generates the columns of a run of rows, each when it is asked for and with what it depends on.
struct RowGenerator {
  /// The part of a site that lies in the rows.
  struct Segment {
    let site: Site
    let rows: Range<Int>
    /// The rows of children with the younger and with the older questionnaire.
    let parts: [(isYounger: Bool, rows: Range<Int>)]

    init(site: Site, rows: Range<Int>, firstOlder: Int) {
      self.site = site
      self.rows = rows
      let split = min(max(firstOlder, rows.lowerBound), rows.upperBound)
      parts = [(true, rows.lowerBound..<split), (false, split..<rows.upperBound)]
    }
  }

  let sample: Sample
  let draws: ChildDraws
  let rows: Range<Int>
  let segments: [Segment]

  // Shared by several columns.
  lazy var migrants = drawMigrants()
  lazy var girls = drawGirls()
  lazy var ages = drawAges()
  lazy var escs = drawEscs()
  lazy var childWeights = weighChildren()
  lazy var expectedMathematics = expectMathematics()
  lazy var wellbeing = drawWellbeing()
  lazy var siteAttitudes = segments.map { sample.attitudes(of: $0.site) }
  /// By position of the scale.
  var traits: [Int: Buffer<Double>] = [:]

  init(_ sample: Sample, _ draws: ChildDraws, rows: Range<Int>) {
    self.sample = sample
    self.draws = draws
    self.rows = rows
    var segments: [Segment] = []
    if !rows.isEmpty {
      let allocation = sample.allocation
      for index in allocation.site(of: rows.lowerBound)...allocation.site(of: rows.upperBound - 1) {
        let own = allocation.rows(of: index)
        segments.append(
          Segment(
            site: sample.site(index), rows: own.clamped(to: rows),
            firstOlder: own.lowerBound + (allocation.younger.isEmpty ? 0 : allocation.younger[index])))
      }
    }
    self.segments = segments
  }

  /// The column of a variable.
  mutating func column(_ variable: Variable) -> Column {
    switch variable {
    case .country: constant(Levels(sample.countries.map(\.profile.code))) { $0.site.country }
    case .region: regions()
    case .site: sites()
    case .stratum: constant(Levels(sample.strata.map(\.code))) { $0.site.stratum }
    case .siteType:
      constant(Levels(Site.Kind.allCases.map(\.name))) { [sample] in sample.kind(of: $0.site).rawValue }
    case .questionnaire: questionnaires()
    case .child: Column(.float64(numberChildren()))
    case .age: Column(.float64(ages))
    case .female: Column(.float64(reportSex()))
    case .migrant: Column(.float64(migrants))
    case .escs: Column(.float64(reportEscs()))
    case .siteWeight: Column(.float64(constant { $0.site.weight }))
    case .childWeight: Column(.float64(childWeights))
    case .weight: Column(.float64(weigh(replicate: nil)))
    case .replicateWeight(let replicate): Column(.float64(weigh(replicate: replicate)))
    case .item(let scale, let item): Column(.float64(answer(scale, item)))
    case .trait(let scale): Column(.float64(trait(scale)))
    case .testScore: Column(.float64(measureMathematics(withError: true)))
    case .ability: Column(.float64(measureMathematics(withError: false)))
    case .plausibleValue(let number): Column(.float64(drawPlausible(number)))
    }
  }

  /// A number that is the same for all children of a site.
  private func constant(_ value: (Segment) -> Double) -> Buffer<Double> {
    Buffer(count: rows.count) { target in
      for segment in segments { target.fill(segment.rows, from: rows, with: value(segment)) }
    }
  }

  /// A category that is the same for all children of a site.
  private func constant(_ levels: Levels, _ code: (Segment) -> Int) -> Column {
    let codes = Buffer<Int32>(count: rows.count) { target in
      for segment in segments { target.fill(segment.rows, from: rows, with: Int32(code(segment))) }
    }
    return Column(.category(codes, levels))
  }

  private func regions() -> Column {
    let first = sample.countries.indices.map { country in
      sample.countries[..<country].reduce(0) { $0 + $1.profile.regions.count }
    }
    let levels = Levels(sample.countries.flatMap { $0.profile.regions.map(\.code) })
    return constant(levels) { first[$0.site.country] + $0.site.region }
  }

  private func sites() -> Column {
    let levels = Levels(segments.map { sample.name(of: $0.site) })
    let first = segments.first?.site.index ?? 0
    return constant(levels) { $0.site.index - first }
  }

  private func questionnaires() -> Column {
    let codes = Buffer<Int32>(count: rows.count) { target in
      for segment in segments {
        for part in segment.parts { target.fill(part.rows, from: rows, with: part.isYounger ? 1 : 0) }
      }
    }
    return Column(.category(codes, Levels(["older", "younger"])))
  }

  private func numberChildren() -> Buffer<Double> {
    Buffer(count: rows.count) { target in
      for row in rows { target[row - rows.lowerBound] = Double(row + 1) }
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// Fills the places of some rows of a run.
  fileprivate func fill(_ part: Range<Int>, from rows: Range<Int>, with value: Element) {
    for row in part { self[row - rows.lowerBound] = value }
  }
}

extension Sample {
  /// The country's code and the site's number in it, padded so that names sort as sites do.
  func name(of site: Site) -> String {
    let first = strata.first { $0.country == site.country }?.firstSite ?? 0
    let width = String(allocation.siteCount).count
    let number = String(site.index - first + 1)
    return countries[site.country].profile.code + String(repeating: "0", count: max(0, width - number.count)) + number
  }
}
