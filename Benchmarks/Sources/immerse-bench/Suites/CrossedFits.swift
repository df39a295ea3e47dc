import ImmerseStats

/// Fits whose rows are not in runs of one group: crossed factors, and shuffled rows.
extension Suite {
  /// As large as the lecture evaluations of lme4's InstEval and as unbalanced: 2,972 students, 1,128 lecturers, 14
  /// departments, whatever the number of rows.
  static let fitCrossed: Suite = {
    let request = FitRequest("y ~ service + (1 | s) + (1 | d) + (1 | dept)", method: .ml)
    return Suite(name: "fit-crossed", summary: "three crossed factors, ML", columns: [.number("math")]) { input in
      let table = evaluations(rows: input.data.rows)
      let dataset = try Dataset(table, columns: try MixedModel.columns(request), engine: input.engine)
      return Task(
        run: { fitAnswer(try MixedModel.fit(request, to: table, engine: input.engine).result) },
        gramPass: { _ = try dataset.fit(try MixedModel.grams(request, of: dataset), with: input.engine) })
    }
  }()

  /// The three-level model with its rows in no order.
  static let fitShuffled: Suite = {
    let ordered = fitThreeLevelSlope
    let request = FitRequest("math ~ escs + migrant + female + age + (1 + migrant | site) + (1 | region)")
    return Suite(
      name: "fit-3-level-shuffled", summary: "fit-3-level-slope with shuffled rows", columns: ordered.columns
    ) { input in
      let table = try input.data.table(ordered.columns).shuffled
      let dataset = try Dataset(table, columns: try MixedModel.columns(request), engine: input.engine)
      return Task(
        run: { fitAnswer(try MixedModel.fit(request, to: table, engine: input.engine).result) },
        gramPass: { _ = try dataset.fit(try MixedModel.grams(request, of: dataset), with: input.engine) })
    }
  }()

  private static func evaluations(rows: Int) -> Table {
    var random = MinimalStandard()
    let students = (0..<2_972).map { _ in random.next() - 0.5 }
    let lecturers = (0..<1_128).map { _ in 2 * random.next() - 1 }
    let home = (0..<1_128).map { _ in Int32(random.next() * 14) }
    var (y, service): ([Double], [Double]) = ([], [])
    var (s, d, dept): ([Int32], [Int32], [Int32]) = ([], [], [])
    for _ in 0..<rows {
      let (u, v, w) = (random.next(), random.next(), random.next())
      s.append(Int32(u * 2_972))
      d.append(Int32(v * v * 1_128))
      service.append(w < 0.4 ? 1 : 0)
      let lecturer = Int(d[d.count - 1])
      dept.append(w < 0.8 ? home[lecturer] : Int32(w * 1_000) % 14)
      let noise = random.next() + random.next() + random.next() - 1.5
      y.append(3 - 0.1 * service[service.count - 1] + students[Int(s[s.count - 1])] + lecturers[lecturer] + 2 * noise)
    }
    func category(_ codes: [Int32], _ count: Int) -> Column {
      Column(.category(Buffer(codes), Levels((0..<count).map { "\(10_000 + $0)" })))
    }
    return Table([
      ("y", Column(y)), ("service", Column(service)), ("s", category(s, 2_972)), ("d", category(d, 1_128)),
      ("dept", category(dept, 14)),
    ])
  }
}

/// The generator of Park and Miller (1988): its products are exact in doubles, so that R can make the same numbers.
private struct MinimalStandard {
  private var state = 20_262.0

  mutating func next() -> Double {
    state = (16_807 * state).truncatingRemainder(dividingBy: 2_147_483_647)
    return state / 2_147_483_647
  }
}

extension Table {
  /// The rows in an order that mixes them evenly.
  fileprivate var shuffled: Table {
    var step = rowCount * 6 / 10 | 1
    while gcd(step, rowCount) != 1 { step += 2 }
    let order = (0..<rowCount).map { $0 * step % rowCount }
    return Table(
      zip(batch.names, batch.columns).map { name, column in
        if case .category(let codes, let levels) = column.values {
          return (name, Column(.category(Buffer(order.map { codes[$0] }), levels)))
        }
        let numbers = column.numbers ?? Buffer([])
        return (name, Column(.float64(Buffer(order.map { numbers[$0] }))))
      }, name: name)
  }

  private func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }
}
