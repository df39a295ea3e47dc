import Columnar
import LinearAlgebra
import ModelFormula

/// Estimated marginal means of factors: predictions by the fixed effects at every combination of their levels, averaged
/// over the levels of the other factors with equal weight, numbers at their means over the rows.
struct MarginalMeans {
  struct Cell {
    var label: String
    var contrast: [Double]
  }

  /// One for every combination, the last factor's levels varying fastest.
  let cells: [Cell]

  /// - Throws: `usage` where a name is no factor of the fixed part, or a variable's mean is not at hand.
  init(of names: [String], _ model: LinearMixedModel) throws(ImmerseError) {
    let frame = model.grams.frame
    let columns = model.fixed.map { frame.columns[$0] }
    guard model.dependent.isEmpty else {
      throw ImmerseError(
        .usage, "marginal means are not estimable where terms were left out as dependent",
        remedy: "leave \(frame.columns[model.dependent[0]].name) out of the formula")
    }
    var factors: [(variable: Int, levels: [String])] = []
    for name in names {
      let variable = columns.lazy.flatMap(\.parts).first {
        $0.coding != .number && [name, "factor(\(name))"].contains(frame.variableNames[$0.variable])
      }?.variable
      guard let variable, let levels = frame.levels(of: variable) else {
        throw ImmerseError(
          .usage, "\(name) is no factor among the fixed effects", variable: name,
          remedy: "name a category of the formula; write factor(\(name)) there for numbers")
      }
      factors.append((variable, levels.names))
    }
    var means: [Int: Double] = [:]
    if let intercept = frame.columns.firstIndex(where: \.isIntercept) {
      for (index, column) in frame.columns.enumerated() {
        guard column.parts.count == 1, column.parts[0].coding == .number else { continue }
        let scale = model.grams.scales[index]
        let stored = model.pooled[index, intercept] / model.pooled[intercept, intercept]
        means[column.parts[0].variable] = scale.shift + scale.scale * stored
      }
    }
    var combinations: [[Int]] = [[]]
    for factor in factors {
      combinations = combinations.flatMap { head in factor.levels.indices.map { head + [$0] } }
    }
    var cells: [Cell] = []
    for combination in combinations {
      var contrast: [Double] = []
      for column in columns {
        var value = 1.0
        for part in column.parts {
          if part.coding != .number {
            let levels = 0..<(frame.levels(of: part.variable)?.count ?? 1)
            if let position = factors.firstIndex(where: { $0.variable == part.variable }) {
              value *= part.value(of: combination[position])
            } else {
              value *= levels.reduce(0) { $0 + part.value(of: $1) } / Double(levels.count)
            }
          } else {
            guard let mean = means[part.variable] else {
              throw ImmerseError(
                .usage, "the mean of \(frame.variableNames[part.variable]) is not known, as it is in interactions only",
                variable: frame.variableNames[part.variable], remedy: "add it to the formula as a main effect")
            }
            value *= mean
          }
        }
        contrast.append(value)
      }
      let label = zip(factors, combination).map { $0.levels[$1] }.joined(separator: ":")
      cells.append(Cell(label: label, contrast: contrast))
    }
    self.cells = cells
  }

  /// All differences of two, the earlier less the later.
  var pairs: [Cell] {
    cells.indices.flatMap { i in
      (i + 1..<max(cells.count, i + 1)).map { j in
        Cell(
          label: "\(cells[i].label) - \(cells[j].label)",
          contrast: zip(cells[i].contrast, cells[j].contrast).map { $0 - $1 })
      }
    }
  }
}

extension DesignColumn.Part {
  /// What a level of a category contributes.
  fileprivate func value(of level: Int) -> Double {
    switch coding {
    case .number: 1
    case .indicator(let own): Int(own) == level ? 1 : 0
    case .contrast(let values): values.indices.contains(level) ? values[level] : 0
    }
  }
}
