import Columnar
import CompositeIndicators
import TestSupport
import Testing

/// COINr 1.1.14 on R 4.2.2: `Treat`, `winsorise`, `skew`, `kurt`, `log_CT`; tests/testthat style vectors.
@Suite struct TreatmentTests {
  /// Fits and applies one column, missing values as nil.
  static func treated(_ x: [Double?], _ treatment: Treatment) throws -> (FrozenTreatment.Column, [Double], [Note]) {
    let matrix = units([("x", x)])
    let frozen = try treatment.fit(matrix)
    var notes: [Note] = []
    let result = try frozen.apply(to: matrix, notes: &notes)
    return (frozen.columns[0], values(result["x"]), notes)
  }

  static let ramp = (1...20).map(Double.init)

  @Test func shapeIsOfTypeTwo() {
    let shape = Shape([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100])
    expectClose(shape.skewness ?? .nan, 3.2556381840605075)
    expectClose(shape.kurtosis ?? .nan, 10.706673906421969)
    #expect(Shape([1, 2]).skewness == nil)
    #expect(Shape([1, 2, 4]).skewness != nil && Shape([1, 2, 4]).kurtosis == nil)
    #expect(Shape([3, 3, 3, 3]) == Shape([]))
  }

  @Test func oneHighOutlier() throws {
    let (column, result, notes) = try Self.treated(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, nil, 100, nil], Treatment(.winsorise))
    #expect(column.points == 1)
    #expect(sameBits(result, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, .nan, 10, .nan]))
    expectClose(column.after.skewness ?? .nan, -0.1276216596760859)
    expectClose(column.after.kurtosis ?? .nan, -1.3366772177582986)
    #expect(column.passes)
    #expect(notes.map(\.code) == ["winsorised"])
  }

  @Test func oneLowOutlier() throws {
    let (column, result, _) = try Self.treated(
      [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -100], Treatment(.winsorise))
    #expect(result == [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -10])
    #expect(column.rules == [.clamp(lower: -10, upper: nil)])
    expectClose(column.before.skewness ?? .nan, -3.2556381840605075)
    expectClose(column.after.skewness ?? .nan, 0.1276216596760859)
    expectClose(column.after.kurtosis ?? .nan, -1.3366772177582986)
  }

  @Test func stopsAsSoonAsTheShapePasses() throws {
    let (column, result, _) = try Self.treated([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 100], Treatment(.winsorise))
    #expect(result == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 30])
    expectClose(column.before.skewness ?? .nan, 3.0632410342394985)
    expectClose(column.after.skewness ?? .nan, 1.7120380600890506)
    expectClose(column.after.kurtosis ?? .nan, 1.8157805377242044)
  }

  @Test func leavesAGoodShapeAlone() throws {
    let (column, result, notes) = try Self.treated((1...12).map(Double.init), Treatment(.winsorise))
    #expect(column.rules == [])
    #expect(result == (1...12).map(Double.init))
    #expect(notes.isEmpty)
  }

  /// Tied units move together, past the limit if need be; otherwise the result would depend on their order.
  @Test func tiesMoveTogether() throws {
    let (column, result, _) = try Self.treated(Self.ramp + [100, 100], Treatment(.winsorise, winmax: 1))
    #expect(column.points == 2)
    #expect(result == Self.ramp + [20, 20])
    expectClose(column.after.skewness ?? .nan, -0.09449573196380337)
    expectClose(column.after.kurtosis ?? .nan, -1.2937726367728533)
  }

  @Test func takesLogarithmsOfTheOriginalWhereWinsorisingFails() throws {
    let x = Self.ramp + [100, 200]
    let (column, result, notes) = try Self.treated(x, Treatment(.winsorise, winmax: 1))
    expectClose(result[0], 0.688134638736401)
    expectClose(result[19], 3.0440461338325417)
    expectClose(result[20], 4.6150215020384655)
    expectClose(result[21], 5.30325515557766)
    expectClose(column.after.skewness ?? .nan, 0.969498407383866)
    expectClose(column.after.kurtosis ?? .nan, 2.2459956644019146)
    #expect(notes.map(\.code) == ["log_treated"])

    let (kept, clamped, warned) = try Self.treated(x, Treatment(.winsorise, winmax: 1, then: .none))
    #expect(clamped == Self.ramp + [100, 100])
    expectClose(kept.after.skewness ?? .nan, 2.8169996170551554)
    expectClose(kept.after.kurtosis ?? .nan, 7.133542196518295)
    #expect(!kept.passes)
    #expect(warned.map(\.code) == ["winsorised", "still_outlying"])
  }

  @Test func withoutALimitItGoesOnUntilTheShapePasses() throws {
    let (column, result, _) = try Self.treated(Self.ramp + [100, 200], Treatment(.winsorise, winmax: nil))
    #expect(result == Self.ramp + [20, 20])
    #expect(column.points == 2)
  }

  @Test func frozenCutsApplyToOtherUnits() throws {
    let frozen = try Treatment(.winsorise).fit(units([("x", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100])]))
    var notes: [Note] = []
    let restored = try roundTrip(frozen)
    #expect(restored == frozen)
    let result = try restored.apply(to: units([("x", [-50, 5, 11, 1e6, nil])]), notes: &notes)
    #expect(sameBits(values(result["x"]), [-50, 5, 10, 10, .nan]))
  }

  @Test func aUnitFarBelowTheReferenceHasNoLogarithm() throws {
    let frozen = try Treatment(.winsorise, winmax: 0).fit(units([("x", (Self.ramp + [100, 200]).map { $0 })]))
    var notes: [Note] = []
    let result = try frozen.apply(to: units([("x", [1, -1.5])]), notes: &notes)
    #expect(values(result["x"])[0].isFinite)
    #expect(values(result["x"])[1].isNaN)
    #expect(notes.map(\.code).contains("outside_reference"))
  }

  @Test func degenerateColumnsAreLeftAlone() throws {
    for x: [Double?] in [[], [nil, nil], [5], [5, 5, 5, 5, 5], [1, 1, 2]] where !x.isEmpty {
      let (column, result, _) = try Self.treated(x, Treatment(.winsorise))
      #expect(column.rules == [])
      #expect(sameBits(result, x.map { $0 ?? .nan }))
    }
  }

  /// COINr 1.1.14's `log_CT`, `log_CT_plus`, `log_CT_orig` and `boxcox`; `log_GII` by its formula, as COINr returns its input.
  @Test func transformations() throws {
    let x: [Double?] = [2, 3, 5, 7, 50]
    let log = [-0.7339691750802004, 0.3920420877760237, 1.247032293786383, 1.7011051009599243, 3.881151341761059]
    let shifted = [0, 0.6931471805599453, 1.3862943611198906, 1.791759469228055, 3.8918202981106265]
    let expected: [(Treatment.Method, Double, [Double])] = [
      (.log, 0, log), (.signedLog, 0, log), (.shiftedLog, 0, shifted), (.boxCox, 0, shifted),
      (.boxCox, 0.5, [0, 0.8284271247461903, 2, 2.8989794855663558, 12]),
      (.logGII, 0, [0, 0.7035099675954918, 1.4017985476558559, 1.8089715981091765, 3.912023005428146]),
    ]
    for (method, lambda, values) in expected {
      let (column, result, _) = try Self.treated(x, Treatment(method, skewness: 0.5, kurtosis: 0.5, lambda: lambda))
      expectClose(result, values, relative: 1e-13, absolute: 1e-15, "\(method)")
      #expect(column.points == 0)
    }
    let (_, mirrored, _) = try Self.treated(
      x.map { -($0 ?? 0) }, Treatment(.signedLog, skewness: 0.5, kurtosis: 0.5))
    expectClose(mirrored, log.map { -$0 }, relative: 1e-13)
    // A shape that passes is left alone.
    let (kept, same, _) = try Self.treated([1, 2, 3, 4, 5], Treatment(.log))
    #expect(kept.rules == [] && same == [1, 2, 3, 4, 5])
  }

  @Test func whatFollowsAndSharesOfUnits() throws {
    let x = Self.ramp + [100, 200]
    let (column, result, notes) = try Self.treated(
      x, Treatment(.winsorise, winmaxShare: 0.05, then: .boxCox, combine: true, lambda: 0.5))
    #expect(column.points == 1)
    #expect(column.rules == [.clamp(lower: nil, upper: 100), .boxCox(minimum: 1, lambda: 0.5)])
    expectClose(result.last ?? 0, 18)
    #expect(notes.map(\.code).prefix(2) == ["winsorised", "box_cox_treated"])
    #expect(throws: ImmerseError.self) { try Self.treated(x, Treatment(.winsorise, then: .winsorise)) }
    #expect(throws: ImmerseError.self) { try Self.treated(x, Treatment(.winsorise, winmaxShare: 2)) }
  }

  @Test func orderOfUnitsDoesNotMatter() throws {
    let x: [Double] = [7, 100, 3, 100, 1, 2, 9, 4, 4, 8, 60, 5, 6]
    let (a, forward, _) = try Self.treated(x, Treatment(.winsorise))
    let (b, backward, _) = try Self.treated(x.reversed(), Treatment(.winsorise))
    #expect(a == b)
    #expect(forward == backward.reversed())
  }
}

@Suite struct ScreeningTests {
  @Test func keepsUnitsWithEnoughValues() throws {
    let matrix = units([("a", [1, nil, nil]), ("b", [1, 2, nil])], group: ["x", "y", "x"])
    var notes: [Note] = []
    let kept = try Screening(ScreeningRule(available: 0.5)).apply(to: matrix, notes: &notes)
    #expect(kept.units == ["u1", "u2"])
    #expect(kept.group?.codes.array == [0, 1])
    #expect(notes.map(\.code) == ["screened_out"])
    let all = try Screening(ScreeningRule(available: 0)).apply(to: matrix, notes: &notes)
    #expect(all.units.count == 3)
  }

  @Test func zerosAndNames() throws {
    let matrix = units([("a", [1, 0, 0, nil]), ("b", [1, 0, 3, nil]), ("c", [0, 0, 2, nil])])
    func kept(_ rule: ScreeningRule) throws -> [String] {
      var notes: [Note] = []
      return Array(try Screening(try roundTrip(rule)).apply(to: matrix, notes: &notes).units)
    }
    #expect(try kept(ScreeningRule(nonzero: 0.6)) == ["u1", "u3", "u4"])
    #expect(try kept(ScreeningRule(available: 0.1, nonzero: 0.6)) == ["u1", "u3"])
    #expect(try kept(ScreeningRule(available: 0.1, nonzero: 0.6, keep: ["u2"], drop: ["u1"])) == ["u2", "u3"])
    #expect(try decode(ScreeningRule.self, "0.5") == ScreeningRule(available: 0.5))
    let stranger = #expect(throws: ImmerseError.self) {
      try ScoreModel(
        fitting: flat([Indicator("a"), Indicator("b"), Indicator("c")]),
        ScoreMethod(screen: ScreeningRule(drop: ["u9"])), to: matrix)
    }
    #expect(stranger?.kind == .usage)
    #expect(throws: ImmerseError.self) { try Screening(ScreeningRule(keep: ["u1"], drop: ["u1"])) }
    #expect(throws: ImmerseError.self) { try Screening(ScreeningRule(nonzero: -0.1)) }
  }

  @Test func refusesToLeaveNobody() {
    var notes: [Note] = []
    #expect(throws: ImmerseError.self) {
      try Screening(ScreeningRule(available: 1)).apply(to: units([("a", [nil, nil])]), notes: &notes)
    }
    #expect(throws: ImmerseError.self) { try Screening(ScreeningRule(available: 90)) }
  }
}
